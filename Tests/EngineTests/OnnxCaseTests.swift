import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Engine
@testable import Graph
import Models
@testable import Onnx

/// Cases of the ONNX backend tests: a model, inputs, and the outputs to expect.
///
/// Those in Tests/OnnxCases always run; ONNX_CASES names a folder of more of them, whose verdicts are printed.
@Suite struct OnnxCaseTests {
    @Test("answers as ONNX defines", arguments: OnnxCase.committed)
    func answers(_ testCase: OnnxCase) throws {
        #expect(throws: Never.self) { try testCase.run() }
    }

    @Test(.enabled(if: OnnxCase.given != nil))
    func `counts the cases of a folder`() throws {
        var counts: [String: Int] = [:]
        for testCase in OnnxCase.all(below: try #require(OnnxCase.given)) {
            let verdict: String
            do {
                try testCase.run()
                verdict = "pass"
            } catch let error as OnnxCase.Mismatch {
                verdict = "mismatch \(error.description)"
            } catch {
                verdict = "error \(error)"
            }
            counts[String(verdict.prefix { $0 != " " }), default: 0] += 1
            print("CASE \(testCase) \(verdict.prefix(300))")
        }
        print("CASES \(counts)")
    }
}

extension OnnxCase {
    struct Mismatch: Error, CustomStringConvertible {
        let description: String
    }

    /// ONNX's own tolerances: 1e-3 relative and 1e-7 absolute.
    func run() throws {
        let model = try Model(
            onnx: folder.appending(path: "model.onnx"),
            name: "case",
            kernels: KernelSet.select(nil),
            workers: Workers(count: 1)
        )
        var set = 0
        while true {
            let data = folder.appending(path: "test_data_set_\(set)")
            guard FileManager.default.fileExists(atPath: data.path) else { return }
            let given = try tensors(data, "input")
            let expected = try tensors(data, "output")
            let inputs = Dictionary(
                uniqueKeysWithValues: zip(model.signature.inputs.map(\.name), given)
            )
            for (answer, wanted) in zip(try model.infer(inputs), expected) {
                try compare(answer.tensor, wanted, answer.name)
            }
            set += 1
        }
    }

    /// The tensors that the first set gives.
    func inputs() throws -> [Tensor] {
        try tensors(folder.appending(path: "test_data_set_0"), "input")
    }

    private func tensors(_ folder: URL, _ kind: String) throws -> [Tensor] {
        var (reader, result) = (OnnxTensors(file: nil, files: nil), [Tensor]())
        while let bytes = FileManager.default.contents(
            atPath: folder.appending(path: "\(kind)_\(result.count).pb").path
        ) {
            let proto = try OnnxTensorProto(serializedBytes: bytes)
            result.append(try reader.tensor(proto))
        }
        return result
    }

    private func compare(_ answer: Tensor, _ wanted: Tensor, _ name: String) throws {
        guard answer.type == wanted.type, answer.shape == wanted.shape else {
            throw Mismatch(
                description: "\(name): \(answer.type) \(answer.shape), "
                    + "expected \(wanted.type) \(wanted.shape)"
            )
        }
        guard wanted.type.isFloat, let values = answer.elements.doubles,
            let numbers = wanted.elements.doubles
        else {
            guard answer.elements == wanted.elements else {
                throw Mismatch(
                    description: "\(name): \(answer.elements), expected \(wanted.elements)"
                )
            }
            return
        }
        let relative = wanted.type == .bfloat16 ? 1.0 / 64 : 1e-3
        for index in values.indices {
            let (value, number) = (values[index], numbers[index])
            if value == number || value.isNaN && number.isNaN { continue }
            guard abs(value - number) <= 1e-7 + relative * abs(number) else {
                throw Mismatch(description: "\(name)[\(index)]: \(value), expected \(number)")
            }
        }
    }
}
