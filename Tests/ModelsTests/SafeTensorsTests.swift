import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Files
@testable import Graph
@testable import Models
@testable import Onnx

@Suite struct SafeTensorsTests {
    private static let good: [String: Tensor] = [
        "a": Tensor(shape: [2, 3], floats: [1, -2, 3.5, 0, 1e-30, 7]),
        "b": Tensor(shape: [], floats: [4]),
        "c": Tensor(shape: [0, 5], floats: []),
    ]

    @Test func `what was written is read`() throws {
        let tensors = try SafeTensors.decoding(SafeTensorsWriter.encode(Self.good))
        #expect(tensors.count == 3)
        for (name, tensor) in Self.good {
            #expect(tensors[name]?.shape == tensor.shape)
            #expect(tensors[name]?.floats == tensor.floats)
        }
    }

    /// The length's first byte may be that of other kinds of files: "{", "[", "<", 0x1F.
    @Test func `a file is read whatever the length of its header is`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lengths-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for length in 1...260 {
            let name = String(repeating: "a", count: length)
            try SafeTensorsWriter.encode([name: Tensor(shape: [1], floats: [1])])
                .write(to: folder.appending(path: "model.safetensors"))
            let read = try SafeTensors.read("model.safetensors", in: ModelFiles(folder))
            #expect(read[name]?.floats == [1], "\(length)")
        }
    }

    @Test(
        "a header that lies is refused",
        arguments: [
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
            #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}"#,
            #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#,
            #"{"a":7}"#, "[]", "{", "",
        ]
    )
    func refuses(_ header: String) {
        let data = SafeTensorsWriter.file(header: header, body: Data(count: 8))
        #expect(throws: ModelError.self) { _ = try SafeTensors.decoding(data) }
    }

    @Test func `a number that is not finite is refused`() {
        let data = SafeTensorsWriter.encode(["a": Tensor(shape: [2], floats: [1, .nan])])
        #expect(throws: ModelError.self) { _ = try SafeTensors.decoding(data) }
    }

    @Test func `truncations and flipped bits throw or read, and never trap`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let data = SafeTensorsWriter.encode(Self.good)
        for length in 0..<data.count {
            #expect(throws: ModelError.self) { _ = try SafeTensors.decoding(data.prefix(length)) }
        }
        for _ in 0..<2000 {
            var damaged = data
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<damaged.count, using: &random)
                damaged[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            _ = try? SafeTensors.decoding(damaged)
        }
    }
}

extension SafeTensors {
    /// The tensors of a file that lies in memory.
    static func decoding(_ data: Data) throws -> [String: Tensor] {
        let file = [UInt8](data)
        return try SafeTensors(
            size: file.count,
            bytes: { Array(file[$0]) },
            floats: { range in
                stride(from: range.lowerBound, to: range.upperBound, by: 4).map { place in
                    Float(
                        bitPattern: (0..<4).reduce(0) {
                            $0 | UInt32(file[place + $1]) << (8 * UInt32($1))
                        }
                    )
                }
            }
        ).tensors()
    }
}
