import Compute
import Foundation
import TestSupport
import Testing

@testable import Engine
@testable import Files
@testable import Graph
@testable import Models

/// What `./dev fuzz-models` and others found: files that once ended a server, kept it busy or filled its memory.
///
/// Each is loaded and, where that succeeds, asked for answers: an error or a result, soon, and never a trap.
@Suite struct FoundModelsTests {
    /// Longer than any of them may take on a busy machine; what is cancelled by then ends at once.
    private static let patience = Duration.seconds(20)

    @Test(arguments: FoundModel.all)
    func `models that hurt once are errors or answers`(_ found: FoundModel) throws {
        let clock = ContinuousClock()
        let taken = try clock.measure { try found.attempt(cancelledAfter: .milliseconds(500)) }
        #expect(taken < Self.patience)
    }
}

/// `name.onnx`, and `name.inputs.json` with the requests that were sent when it hurt.
struct FoundModel: Sendable, CustomTestStringConvertible {
    let file: URL

    var testDescription: String { file.lastPathComponent }

    static let all: [FoundModel] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "ModelFuzz/found")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().filter { $0.hasSuffix(".onnx") }.map {
            FoundModel(file: folder.appending(path: $0))
        }
    }()

    func attempt(cancelledAfter limit: Duration) throws {
        let kernels = try KernelSet.select(nil)
        let model: Model
        do throws(ModelError) {
            model = try Model(
                onnx: file,
                name: "found",
                kernels: kernels,
                workers: Workers(count: 1),
                memoryLimit: 1 << 26
            )
        } catch {
            #expect(!error.description.isEmpty)
            return
        }
        model.warm(within: limit)
        var random = SeededGenerator(seed: 1)
        for request in try requests() + [drawn(model, &random)] {
            let end = ContinuousClock.now + limit
            do throws(ModelError) {
                _ = try model.infer(
                    request.tensors,
                    outputs: request.outputs,
                    isCancelled: { ContinuousClock.now > end }
                )
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    private struct Request {
        var tensors: [String: Tensor]
        var outputs: [String]?
    }

    /// Tensors as the model declares them; sizes that vary, or are many, are small.
    private func drawn(_ model: Model, _ random: inout SeededGenerator) -> Request {
        var tensors: [String: Tensor] = [:]
        for port in model.signature.inputs {
            var sizes = port.dimensions.map { $0 ?? random.int(0...3) }
            if sizes.reduce(1.0, { $0 * Double($1) }) > 65_536 { sizes = sizes.map { min($0, 2) } }
            let shape = Shape(sizes)
            guard let count = shape.checkedCount else { continue }
            let bytes = (0..<count * (port.type.byteCount ?? 0)).map { _ in
                UInt8(random.int(0...255))
            }
            tensors[port.name] = Tensor(
                shape: shape,
                elements: port.type == .string
                    ? .strings(Array(repeating: Array("a".utf8), count: count))
                    : Tensor.Elements(bytes: Data(bytes), as: port.type)
            )
        }
        return Request(tensors: tensors, outputs: nil)
    }

    /// The file's own requests; those that no client's tensor can be are refused before a model sees them.
    private func requests() throws -> [Request] {
        let place = file.deletingPathExtension().appendingPathExtension("inputs.json")
        guard let data = FileManager.default.contents(atPath: place.path) else { return [] }
        return try JSONDecoder().decode([Asked].self, from: data).compactMap { asked in
            guard let entries = asked.infer else { return nil }
            var tensors: [String: Tensor] = [:]
            for entry in entries {
                guard let tensor = entry.tensor else { return nil }
                tensors[entry.name] = tensor
            }
            return Request(tensors: tensors, outputs: asked.outputs)
        }
    }
}

/// One request of an `inputs.json`; those to other routes have no tensors.
private struct Asked: Decodable {
    var infer: [Entry]?
    var outputs: [String]?

    /// A tensor: numbers as hexadecimal digits of their bytes, or texts.
    struct Entry: Decodable {
        var name: String
        var datatype: String
        var shape: [Int]
        var data: Content

        var tensor: Tensor? {
            let shape = Shape(shape)
            let elements: Tensor.Elements
            switch data {
            case .texts(let texts): elements = .strings(texts.map { Array($0.utf8) })
            case .bytes(let bytes):
                guard let type = ElementType(rawValue: datatype), let width = type.byteCount,
                    bytes.count.isMultiple(of: width)
                else { return nil }
                elements = Tensor.Elements(bytes: Data(bytes), as: type)
            }
            guard shape.dimensions.allSatisfy({ $0 >= 0 }), shape.checkedCount == elements.count
            else { return nil }
            return Tensor(shape: shape, elements: elements)
        }
    }

    enum Content: Decodable {
        case bytes([UInt8])
        case texts([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let texts = try? container.decode([String].self) {
                self = .texts(texts)
                return
            }
            let digits = Array(try container.decode(String.self).utf8)
            self = .bytes(
                stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                    UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
                }
            )
        }
    }
}
