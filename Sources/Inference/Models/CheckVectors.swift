import Compute
import Foundation

/// Inputs with expected outputs beside a model, run when it is loaded.
struct CheckVectors: Decodable {
    struct Values: Decodable {
        let shape: [Int]
        let data: [Double]
    }

    struct Case: Decodable {
        let inputs: [String: Values]
        let outputs: [String: Values]
    }

    /// Largest allowed difference as a part of the largest magnitude expected.
    let tolerance: Double
    let cases: [Case]

    static func exist(in folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent("check.json").path)
    }

    /// Reads check.json; nil if the folder has none.
    static func read(_ folder: URL) throws(ModelError) -> CheckVectors? {
        guard exist(in: folder) else { return nil }
        let file = folder.appendingPathComponent("check.json")
        let data = try readFile(file)
        do {
            return try JSONDecoder().decode(CheckVectors.self, from: data)
        } catch {
            throw .file(name: "check.json", reason: "does not have the form of check vectors")
        }
    }

    /// - Throws: `checkFailed` naming the output, the element and by how much it is off.
    func run(on model: Model) throws(ModelError) {
        for testCase in cases {
            let outputs = testCase.outputs.keys.sorted()
            let plan = try model.plan(
                inputs: testCase.inputs.mapValues { Shape($0.shape) },
                outputs: outputs
            )
            try plan.run { inputs throws(ModelError) in
                for port in plan.inputs {
                    try fill(port, testCase.inputs[port.name]?.data ?? [], &inputs)
                }
            } read: { results throws(ModelError) in
                for name in outputs {
                    guard let expected = testCase.outputs[name] else { continue }
                    try compare(name, expected, results)
                }
            }
        }
    }

    private func fill(
        _ port: Plan.Port,
        _ data: [Double],
        _ inputs: inout PlanInputs
    ) throws(ModelError) {
        guard data.count == port.shape.count else {
            throw .file(
                name: "check.json",
                reason: "\"\(port.name)\" has \(data.count) numbers for shape \(port.shape)"
            )
        }
        if port.type == .int64 {
            try inputs.withIntegers(port.name) { span throws(ModelError) in
                for index in data.indices { span[index] = Int32(clamping: Int(data[index])) }
            }
        } else {
            try inputs.withFloats(port.name) { span throws(ModelError) in
                for index in data.indices { span[index] = Float(data[index]) }
            }
        }
    }

    private func compare(
        _ name: String,
        _ expected: Values,
        _ results: PlanOutputs
    ) throws(ModelError) {
        let shape = try results.shape(of: name)
        guard shape.dimensions == expected.shape, expected.data.count == shape.count else {
            throw .inputShape(name: name, expected: "\(Shape(expected.shape))", got: shape)
        }
        let largest = expected.data.reduce(0) { max($0, abs($1)) }
        let allowed = tolerance * max(largest, 1e-30)
        try results.withFloats(name) { span throws(ModelError) in
            for index in expected.data.indices {
                // Written so that a NaN fails too.
                guard abs(Double(span[index]) - expected.data[index]) <= allowed else {
                    throw .checkFailed(
                        output: name,
                        index: index,
                        expected: Float(expected.data[index]),
                        got: span[index],
                        tolerance: Float(allowed)
                    )
                }
            }
        }
    }
}
