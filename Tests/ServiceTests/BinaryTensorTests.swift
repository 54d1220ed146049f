import Compute
import Graph
import TestSupport
import Testing

@testable import Service

@Suite struct BinaryTensorTests {
    private func decode(
        _ bytes: [UInt8],
        _ datatype: Datatype,
        _ count: Int
    ) throws -> Tensor.Elements {
        try unsafe BinaryTensors.decode(bytes.span.bytes, as: datatype, count: count)
    }

    static let examples: [Tensor.Elements] = [
        .floats([1.5, -2, .infinity]), .doubles([0.1, -0.0]), .halves([1.5, -65504]),
        .bfloats([BFloat16(1.5), BFloat16(-3e38)]), .integers([.min, .max]), .int32([.min, .max]),
        .int16([.min, .max]), .int8([.min, .max]), .uint64([.max]), .uint32([.max]),
        .uint16([.max]), .uint8([0, 255]), .booleans([true, false]),
        .strings([[], [0x61, 0x62], [0, 255, 1]]),
    ]

    @Test(arguments: examples)
    func `what is written is read back, from any offset`(elements: Tensor.Elements) throws {
        let datatype = Datatype(elements.type)
        var bytes: [UInt8] = [7]
        BinaryTensors.append(elements, to: &bytes)
        #expect(bytes.count - 1 == elements.byteCount)
        let read = try unsafe BinaryTensors.decode(
            bytes.span.bytes.extracting(1..<bytes.count),
            as: datatype,
            count: elements.count
        )
        #expect(read == elements)
    }

    @Test func `bytes are as the protocol says`() throws {
        var bytes: [UInt8] = []
        BinaryTensors.append(.floats([1.5]), to: &bytes)
        BinaryTensors.append(.halves([1.5]), to: &bytes)
        BinaryTensors.append(.strings([[0x61, 0x62]]), to: &bytes)
        #expect(bytes == [0, 0, 0xC0, 0x3F, 0, 0x3E, 2, 0, 0, 0, 0x61, 0x62])
    }

    @Test func `bytes that do not fit are refused`() throws {
        let cases: [([UInt8], Datatype, Int, BinaryTensorError)] = [
            ([0, 0, 0], .float32, 1, .size(expected: 4, got: 3)),
            ([], .float64, .max, .size(expected: .max, got: 0)),
            ([0, 2], .bool, 2, .notBoolean(index: 1, byte: 2)),
            ([1, 0, 0, 0], .bytes, 1, .truncatedText(index: 0)),
            ([0, 0, 0, 0, 255, 255, 255, 255], .bytes, 2, .truncatedText(index: 1)),
            ([0, 0, 0, 0, 9], .bytes, 1, .tooManyBytes(texts: 1, left: 1)),
            ([0, 0, 0, 0], .bytes, 1 << 60, .truncatedText(index: 1)),
        ]
        for (bytes, datatype, count, expected) in cases {
            #expect(throws: expected) { try decode(bytes, datatype, count) }
        }
    }
}
