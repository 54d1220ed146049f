import Foundation
import Graph
import OnnxFormat
import Testing

@testable import Onnx

/// Constants of fewer than 8 bits, as ONNX packs them.
@Suite struct SmallIntegerTests {
    private func tensor(_ type: Int32, _ count: Int, _ bytes: [UInt8], isRaw: Bool) throws -> Tensor
    {
        var proto = OnnxTensorProto()
        (proto.name, proto.dataType, proto.dims) = ("q", type, [Int64(count)])
        if isRaw {
            proto.rawData = Data(bytes)
        } else {
            proto.int32Data = bytes.map { Int32($0) }
        }
        var tensors = OnnxTensors(file: nil, files: nil)
        return try tensors.tensor(proto)
    }

    @Test(arguments: [true, false])
    func `the first integer lies in the lowest bits`(isRaw: Bool) throws {
        let bytes: [UInt8] = [0x21, 0xF8, 0x07]
        #expect(
            try tensor(22, 5, bytes, isRaw: isRaw).elements == .int8([1, 2, -8, -1, 7])
        )
        #expect(
            try tensor(21, 5, bytes, isRaw: isRaw).elements == .uint8([1, 2, 8, 15, 7])
        )
        #expect(
            try tensor(26, 9, bytes, isRaw: isRaw).elements
                == .int8([1, 0, -2, 0, 0, -2, -1, -1, -1])
        )
        #expect(
            try tensor(25, 9, bytes, isRaw: isRaw).elements
                == .uint8([1, 0, 2, 0, 0, 2, 3, 3, 3])
        )
    }

    @Test func `too few bytes and types without a meaning here are refused`() {
        #expect(throws: ModelError.self) { try tensor(22, 7, [1, 2, 3], isRaw: true) }
        #expect(throws: ModelError.self) { try tensor(23, 2, [1], isRaw: true) }
    }
}
