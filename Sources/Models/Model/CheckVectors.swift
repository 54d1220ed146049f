import Engine
import Files
import Graph
import TensorFormats

/// Inputs with expected outputs beside a model, run when it is loaded.
struct CheckVectors {
    struct Values {
        let shape: [Int]
        let data: [Double]

        init(_ reader: inout JSONReader) throws(JSONError) {
            var shape: [Int] = []
            var data: [Double] = []
            try reader.object { (key, reader) throws(JSONError) in
                switch key {
                case "shape": shape = try reader.integers(limit: 64)
                case "data": data = try reader.doubles(limit: CheckVectors.mostNumbers).values
                default: throw reader.unknownKey(key, known: ["shape", "data"])
                }
            }
            (self.shape, self.data) = (shape, data)
        }

        /// - Throws: an error unless there are as many numbers as the shape says.
        func check(_ name: String) throws(ModelError) {
            guard Shape(shape).checkedCount == data.count else {
                throw CheckVectors.fail(
                    "\"\(name)\" has \(data.count) numbers for the shape \(Shape(shape))"
                )
            }
        }
    }

    struct Case {
        private(set) var inputs: [String: Values] = [:]
        private(set) var outputs: [String: Values] = [:]

        init(_ reader: inout JSONReader) throws(JSONError) {
            var (inputs, outputs) = ([String: Values](), [String: Values]())
            try reader.object { (key, reader) throws(JSONError) in
                switch key {
                case "inputs": inputs = try Self.values(&reader)
                case "outputs": outputs = try Self.values(&reader)
                default: throw reader.unknownKey(key, known: ["inputs", "outputs"])
                }
            }
            (self.inputs, self.outputs) = (inputs, outputs)
        }

        private static func values(
            _ reader: inout JSONReader
        ) throws(JSONError) -> [String: Values] {
            var values: [String: Values] = [:]
            try reader.object { (name, reader) throws(JSONError) in
                values[name] = try Values(&reader)
            }
            return values
        }
    }

    /// Largest allowed difference as a part of the largest magnitude expected.
    let tolerance: Double
    let cases: [Case]

    static let file = "check.json"
    private static let mostNumbers = 32 << 20

    /// Reads check.json; nil if the folder has none.
    static func read(_ files: ModelFiles) throws(ModelError) -> CheckVectors? {
        guard files.exists(file) else { return nil }
        return try JSONValue.read(file, in: files, largest: 64 << 20) { (text) throws(JSONError) in
            var reader = JSONReader(text)
            let vectors = try CheckVectors(&reader)
            try reader.end()
            return vectors
        }
    }

    private init(_ reader: inout JSONReader) throws(JSONError) {
        var tolerance: Double?
        var cases: [Case]?
        try reader.object { (key, reader) throws(JSONError) in
            switch key {
            case "tolerance": tolerance = try reader.double()
            case "cases":
                var read: [Case] = []
                try reader.array { (_, reader) throws(JSONError) in read.append(try Case(&reader)) }
                cases = read
            default: throw reader.unknownKey(key, known: ["tolerance", "cases"])
            }
        }
        guard let tolerance else { throw reader.missingKey("tolerance") }
        guard let cases else { throw reader.missingKey("cases") }
        (self.tolerance, self.cases) = (tolerance, cases)
    }

    /// - Throws: `checkFailed` naming the output, the element and by how much it is off.
    func run(on model: Model, isCancelled: () -> Bool = { false }) throws(ModelError) {
        guard tolerance >= 0, tolerance.isFinite else {
            throw Self.fail("has the tolerance \(tolerance); expected a number from 0")
        }
        for testCase in cases {
            for (name, values) in testCase.inputs.merging(
                testCase.outputs,
                uniquingKeysWith: { $1 }
            ) {
                try values.check(name)
            }
            try checkSymbols(testCase, of: model)
            let outputs = testCase.outputs.keys.sorted()
            let plan = try model.plan(
                inputs: testCase.inputs.mapValues { Shape($0.shape) },
                outputs: outputs
            )
            try plan.run(isCancelled: isCancelled) { inputs throws(ModelError) in
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
            throw Self.fail("\"\(port.name)\" has \(data.count) numbers for shape \(port.shape)")
        }
        if port.type == .int64 {
            try inputs.withIntegers(port.name) { span throws(ModelError) in
                for index in data.indices {
                    guard let integer = Int(exactly: data[index]) else {
                        throw Self.fail(
                            "\"\(port.name)\" has \(data[index]), no integer"
                        )
                    }
                    span[index] = integer
                }
            }
        } else {
            try inputs.withFloats(port.name) { span throws(ModelError) in
                for index in data.indices { span[index] = Float(data[index]) }
            }
        }
    }

    static func fail(_ reason: String) -> ModelError { .file(name: file, reason: reason) }

    /// A vector may be as wrong as a request.
    private func checkSymbols(_ testCase: Case, of model: Model) throws(ModelError) {
        guard let count = model.manifest.input.symbolCount,
            let symbols = testCase.inputs[model.manifest.input.name]?.data
        else { return }
        for (index, symbol) in symbols.enumerated() where !(symbol >= 0 && symbol < Double(count)) {
            throw Self.fail("symbol \(index + 1) is \(symbol); expected 0 to \(count - 1)")
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
