/// Which node of a cluster has which keys, as far as nodes have told (Redis Cluster Specification).
struct ClusterSlots {
    private var nodes: [Int: RedisAddress.Node] = [:]

    /// Takes note of a reply such as `MOVED 3999 127.0.0.1:6381`; the node to ask, and whether only this once.
    mutating func redirection(_ words: String) -> (node: RedisAddress.Node, isOnce: Bool)? {
        let parts = words.split(separator: " ")
        guard parts.count >= 3, parts[0] == "MOVED" || parts[0] == "ASK", let slot = Int(parts[1]),
            let node = RedisAddress.Node(redirection: parts[2])
        else { return nil }
        if parts[0] == "MOVED" { nodes[slot] = node }
        return (node, parts[0] == "ASK")
    }

    /// The node that has a key; nil if none has told.
    func node(of key: [UInt8]) -> RedisAddress.Node? {
        nodes.isEmpty ? nil : nodes[Self.slot(of: key)]
    }

    /// A node that cannot be reached may have others in its place.
    mutating func forget(_ node: RedisAddress.Node) {
        nodes = nodes.filter { $0.value != node }
    }

    /// CRC16 (XMODEM) of the key, or of what stands in its first braces, in 16,384 slots.
    static func slot(of key: [UInt8]) -> Int {
        var part = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[open...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            part = key[(open + 1)..<close]
        }
        var sum: UInt16 = 0
        for byte in part {
            sum ^= UInt16(byte) << 8
            for _ in 0..<8 { sum = sum & 0x8000 != 0 ? sum << 1 ^ 0x1021 : sum << 1 }
        }
        return Int(sum) & 16_383
    }
}
