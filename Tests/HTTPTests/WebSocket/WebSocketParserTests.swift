import Testing
import TestSupport

@testable import HTTP

@Suite struct WebSocketParserTests {
    /// What the parser makes of bytes that come in pieces, up to a mistake.
    private func inputs(
        _ bytes: [UInt8],
        pieces: [Int],
        limit: Int = 1 << 20
    ) -> (inputs: [WebSocketInput], close: WebSocketClose?, budget: BodyBudget) {
        let budget = BodyBudget(limit: 1 << 30)
        var parser = WebSocketParser(limit: limit, budget: budget)
        defer { parser.end() }
        var buffer = ByteBuffer()
        var found: [WebSocketInput] = []
        var start = 0
        for piece in pieces + [bytes.count] where start < bytes.count {
            let end = min(start + max(piece, 1), bytes.count)
            buffer.append(bytes[start..<end].span)
            start = end
            do throws(WebSocketClose) {
                while true {
                    let input = try parser.next(from: &buffer)
                    if input == .incomplete { break }
                    found.append(input)
                }
            } catch {
                return (found, error, budget)
            }
        }
        return (found, nil, budget)
    }

    @Test func `messages come out however their frames are cut`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for round in 0..<400 {
            var bytes: [UInt8] = []
            var expected: [WebSocketInput] = []
            for _ in 0..<random.int(1...4) {
                let isText = random.int(0...1) == 0
                let count = [0, 1, 7, 125, 126, 300, 65_535, 65_536][random.int(0...7)]
                let payload = (0..<count).map { _ in UInt8(random.int(isText ? 32...126 : 0...255))
                }
                expected.append(
                    .message(
                        isText ? .text(String(decoding: payload, as: UTF8.self)) : .binary(payload)
                    )
                )
                // In fragments, with control frames between them.
                var rest = payload[...]
                var opcode: UInt8 = isText ? 1 : 2
                for _ in 0..<random.int(0...3) {
                    let part = rest.prefix(random.int(0...max(1, count)))
                    rest = rest.dropFirst(part.count)
                    bytes += ClientFrames.frame(opcode, Array(part), flags: 0, mask: mask(&random))
                    opcode = 0
                    if random.int(0...2) == 0 {
                        let ping = [UInt8](repeating: 9, count: random.int(0...125))
                        bytes += ClientFrames.frame(9, ping, mask: mask(&random))
                        expected.insert(.ping(ping), at: expected.count - 1)
                    }
                }
                bytes += ClientFrames.frame(opcode, Array(rest), mask: mask(&random))
            }
            let pieces = (0..<random.int(0...40)).map { _ in random.int(1...2000) }
            let result = inputs(bytes, pieces: pieces)
            #expect(result.close == nil, "seed \(seed), round \(round)")
            #expect(result.inputs == expected, "seed \(seed), round \(round)")
            #expect(result.budget.isUnused)
        }
    }

    private func mask(_ random: inout SeededGenerator) -> [UInt8] {
        (0..<4).map { _ in UInt8(random.int(0...255)) }
    }

    @Test func `what breaks a rule ends the connection with its code`() {
        let cases = ClientFrames.hostile
        #expect(cases.count >= 200)
        for (name, bytes, code) in cases {
            #expect(inputs(bytes, pieces: []).close?.code == code, "\(name)")
            let bytewise = inputs(bytes, pieces: [Int](repeating: 1, count: min(bytes.count, 5000)))
            #expect(bytewise.close?.code == code, "\(name), byte by byte")
            #expect(bytewise.budget.isUnused, "\(name)")
        }
    }

    @Test func `any bytes are frames or a mistake`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let good = ClientFrames.hostile.map(\.bytes) + [ClientFrames.text("hello")]
        for _ in 0..<20_000 {
            var bytes = good[random.int(0...good.count - 1)].prefix(300).map { $0 }
            for _ in 0..<random.int(0...6) where !bytes.isEmpty {
                bytes[random.int(0...bytes.count - 1)] = UInt8(random.int(0...255))
            }
            let cut = (0..<random.int(0...5)).map { _ in random.int(1...40) }
            let whole = inputs(bytes, pieces: [])
            let parts = inputs(bytes, pieces: cut)
            #expect(whole.inputs == parts.inputs && whole.close == parts.close, "seed \(seed)")
        }
    }

    @Test func `what is announced and never sent takes no memory`() {
        let budget = BodyBudget(limit: 1 << 20)
        var parsers: [WebSocketParser] = []
        for _ in 0..<10 {
            var parser = WebSocketParser(limit: 1 << 30, budget: budget)
            var buffer = ByteBuffer()
            buffer.append(ClientFrames.frame(2, [], length: 1 << 29).span)
            #expect((try? parser.next(from: &buffer)) == .incomplete)
            parsers.append(parser)
        }
        for index in parsers.indices { parsers[index].end() }
        #expect(budget.isUnused)
    }
}
