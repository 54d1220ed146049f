import Graph

extension OnnxPatterns {
    /// Pad with zeros before a Conv, or before an AveragePool that counts them: the window's own padding.
    static func joinPads(
        _ items: [Item],
        constants: [String: Tensor],
        wanted: Set<String>
    ) -> [Item] {
        guard items.contains(where: { $0.node.op == "Pad" }) else { return items }
        var uses: [String: Int] = [:]
        var pads: [String: Int] = [:]
        for (index, item) in items.enumerated() {
            for name in item.reads { uses[name, default: 0] += 1 }
            if item.node.op == "Pad", item.node.outputs.count == 1 {
                pads[item.node.outputs[0]] = index
            }
        }
        var result: [Item?] = items
        for (index, item) in items.enumerated() {
            guard let name = item.node.inputs.first, let place = pads[name], uses[name] == 1,
                !wanted.contains(name), let pad = result[place],
                let node = padded(item.node, by: pad.node, constants)
            else { continue }
            result[place] = nil
            result[index] = Item(
                node: node,
                covers: pad.covers + item.covers,
                reads: node.inputs.filter { !$0.isEmpty }
            )
        }
        return result.compactMap { $0 }
    }

    private static func padded(
        _ node: Node,
        by pad: Node,
        _ constants: [String: Tensor]
    ) -> Node? {
        guard [nil, .string("NOTSET")].contains(node.attributes["auto_pad"]),
            let own = ownPads(node, constants), let source = pad.inputs.first,
            let around = zeros(pad, constants), around.count == own.count + 4
        else { return nil }
        let (rank, axes) = (around.count / 2, own.count / 2)
        let begins = around[0..<rank]
        let ends = around[rank...]
        guard around.allSatisfy({ (0...Self.mostPadding).contains($0) }),
            begins.prefix(2) + ends.prefix(2) == [0, 0, 0, 0]
        else { return nil }
        var result = node
        result.inputs[0] = source
        let spatial = Array(begins.dropFirst(2) + ends.dropFirst(2))
        result.attributes["pads"] = .ints((0..<2 * axes).map { own[$0] + spatial[$0] })
        if node.op == "AveragePool" { result.attributes["count_include_pad"] = .int(1) }
        return result
    }

    private static let mostPadding = 1 << 20

    /// A window's own pads, where zeros that stand before it may be joined to them.
    private static func ownPads(_ node: Node, _ constants: [String: Tensor]) -> [Int]? {
        let axes: Int
        switch node.op {
        case "Conv":
            guard node.inputs.count > 1, let rank = constants[node.inputs[1]]?.shape.rank,
                (3...4).contains(rank)
            else { return nil }
            axes = rank - 2
        case "AveragePool":
            guard case .ints(let kernel) = node.attributes["kernel_shape"],
                node.attributes["ceil_mode"] ?? .int(0) == .int(0)
            else { return nil }
            axes = kernel.count
        default: return nil
        }
        guard let pads = node.attributes["pads"] else {
            return Array(repeating: 0, count: 2 * axes)
        }
        guard case .ints(let own) = pads, own.count == 2 * axes else { return nil }
        let counts = node.attributes["count_include_pad"] == .int(1)
        return node.op == "Conv" || counts || own.allSatisfy { $0 == 0 } ? own : nil
    }

    /// What a Pad adds before and after each axis, if it is zeros.
    private static func zeros(_ pad: Node, _ constants: [String: Tensor]) -> [Int]? {
        guard pad.attributes["mode"] ?? .string("constant") == .string("constant") else {
            return nil
        }
        if pad.opset < 11 {
            guard pad.inputs.count == 1, case .ints(let pads) = pad.attributes["pads"],
                pad.attributes["value"] ?? .float(0) == .float(0)
            else { return nil }
            return pads
        }
        let isZero =
            pad.inputs.count < 3 || pad.inputs[2].isEmpty
            || constants[pad.inputs[2]]?.floats == [0]
        guard isZero, pad.inputs.count > 1, pad.inputs.count < 4 || pad.inputs[3].isEmpty else {
            return nil
        }
        return constants[pad.inputs[1]]?.integers
    }
}
