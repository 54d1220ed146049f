import TestSupport

/// `bytes` with one to four random changes: bits flipped, bytes put in, taken out or repeated.
func mutate(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    let interesting: [UInt8] = [0, 9, 10, 13, 32, 34, 44, 48, 58, 59, 61, 127, 128, 255]
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        guard !bytes.isEmpty else { return bytes }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, index + Int.random(in: 1...8, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[index] = interesting.randomElement(using: &random) ?? 0
        case 2: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: index)
        case 3: bytes.removeSubrange(index..<end)
        case 4: bytes.insert(contentsOf: bytes[index..<end], at: index)
        default: bytes.removeSubrange(end...)
        }
    }
    return bytes
}
