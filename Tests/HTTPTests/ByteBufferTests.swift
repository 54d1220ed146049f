import TestSupport
import Testing

@testable import HTTP

@Suite struct ByteBufferTests {
    @Test func `behaves as an array under random use`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var buffer = ByteBuffer()
        var reference: [UInt8] = []
        for _ in 0..<5000 {
            let count = Int.random(in: 0...700, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                buffer.append(bytes.span)
                reference += bytes
            case 2:
                buffer.reserve(count)
                let written = unsafe buffer.write(atMost: count) { room in
                    unsafe room.copyBytes(from: bytes)
                    return count
                }
                #expect(written == count)
                reference += bytes
            case 3, 4:
                let consumed = Int.random(in: 0...reference.count, using: &random)
                buffer.consume(consumed)
                reference.removeFirst(consumed)
            default:
                if count < 650 {
                    buffer.shrink(to: count)
                } else {
                    #expect(Array(buffer.take()) == reference)
                    reference = []
                }
            }
            #expect(buffer.count == reference.count)
            let isEqual = buffer.withSpan { span in
                span.indices.allSatisfy { span[$0] == reference[$0] }
            }
            #expect(isEqual)
        }
    }
}
