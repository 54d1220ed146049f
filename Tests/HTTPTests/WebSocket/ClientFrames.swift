@testable import HTTP

/// Frames as a client sends them.
enum ClientFrames {
    /// A frame of these first four bits and this opcode.
    static func frame(
        _ opcode: UInt8,
        _ payload: [UInt8],
        flags: UInt8 = 0x80,
        mask: [UInt8]? = [1, 2, 3, 4],
        length: UInt64? = nil
    ) -> [UInt8] {
        let count = length ?? UInt64(payload.count)
        let masked: UInt8 = mask == nil ? 0 : 0x80
        var bytes = [flags | opcode]
        if count < 126 {
            bytes.append(masked | UInt8(count))
        } else if count <= 0xFFFF {
            bytes += [masked | 126, UInt8(count >> 8), UInt8(count & 255)]
        } else {
            bytes.append(masked | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: count >> UInt64(shift)))
            }
        }
        bytes += mask ?? []
        return bytes
            + payload.enumerated().map { index, byte in
                mask.map { byte ^ $0[index & 3] } ?? byte
            }
    }

    static func text(_ text: String) -> [UInt8] { frame(1, Array(text.utf8)) }

    /// What no client may send, or a server must refuse, with the code that it is closed with.
    static var hostile: [(name: String, bytes: [UInt8], code: Int)] {
        var cases: [(String, [UInt8], Int)] = []
        for bit in [UInt8(0x40), 0x20, 0x10] {
            for opcode in [UInt8(0), 1, 2, 8, 9, 10] {
                cases.append(
                    ("reserved bit \(bit), \(opcode)", frame(opcode, [], flags: 0x80 | bit), 1002)
                )
            }
        }
        for opcode in [UInt8(3), 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            for flags in [UInt8(0), 0x80] {
                cases.append(("opcode \(opcode), \(flags)", frame(opcode, [1], flags: flags), 1002))
            }
        }
        for opcode in [UInt8(1), 2, 8, 9, 10] {
            for count in [0, 1, 125, 126] {
                let payload = [UInt8](repeating: 65, count: count)
                cases.append(
                    ("unmasked \(opcode), \(count)", frame(opcode, payload, mask: nil), 1002)
                )
            }
        }
        for opcode in [UInt8(8), 9, 10] {
            cases.append(("fragmented \(opcode)", frame(opcode, [], flags: 0), 1002))
            for count in [126, 127, 65_535, 65_536] {
                let payload = [UInt8](repeating: 0, count: count)
                cases.append(("control \(opcode) of \(count)", frame(opcode, payload), 1002))
            }
        }
        cases.append(("a continuation of nothing", frame(0, [1]), 1002))
        cases.append(("a message in another", frame(1, [65], flags: 0) + frame(1, [65]), 1002))
        cases.append(("half a close code", frame(8, [3]), 1002))
        for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            cases.append(
                ("close code \(code)", frame(8, [UInt8(code >> 8), UInt8(code & 255)]), 1002)
            )
        }
        cases.append(("a reason that is no text", frame(8, [3, 232, 0xFF]), 1007))
        let texts: [[UInt8]] = [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
            [0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [65, 0xC3], [0xC1, 0xBF], [0xEF, 0xBF],
        ]
        for text in texts {
            cases.append(("text \(text)", frame(1, text), 1007))
            let half = text.count / 2
            cases.append(
                (
                    "text \(text) in two",
                    frame(1, Array(text[..<half]), flags: 0) + frame(0, Array(text[half...])), 1007
                )
            )
        }
        for length in [UInt64(1 << 20) + 1, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max] {
            for opcode in [UInt8(1), 2] {
                cases.append(
                    ("length \(length), \(opcode)", frame(opcode, [], length: length), 1009)
                )
                cases.append(
                    (
                        "length \(length) behind a part, \(opcode)",
                        frame(opcode, [65], flags: 0) + frame(0, [], length: length), 1009
                    )
                )
            }
        }
        let part = [UInt8](repeating: 65, count: 1 << 18)
        cases.append(
            (
                "parts that grow too large",
                frame(1, part, flags: 0) + (0..<4).flatMap { _ in frame(0, part, flags: 0) }, 1009
            )
        )
        // Bad ones behind good ones.
        for (name, bytes, code) in cases.prefix(84) {
            cases.append(("\(name), behind a message", text("hello") + bytes, code))
        }
        return cases
    }
}
