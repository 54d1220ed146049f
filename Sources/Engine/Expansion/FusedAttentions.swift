import Graph

extension Replacement {
    /// onnxruntime's operator with projected queries, keys and values, as far as no cache comes with it.
    mutating func multiHeadAttention() throws(ModelError) {
        var form = AttentionForm()
        let heads = try attributes.requiredInt("num_heads", in: 1...1 << 20)
        form.heads = (heads, heads)
        form.isCausal = try attributes.flag("unidirectional", default: false)
        let scale = try attributes.float("scale", default: 0)
        if scale != 0 { form.scale = scale }
        _ = try attributes.float("mask_filter_value", default: -10_000)
        guard has(1), has(2), (6..<10).allSatisfy({ !has($0) }),
            (1..<4).allSatisfy({ !isWanted($0) })
        else {
            throw fail("\(node.op) is known with a query, key and value of their own, uncached")
        }
        var given = AttentionValues(query: input(0), key: input(1), value: input(2))
        if has(3) {
            // One vector for all three, which have the same width.
            let parts = add(
                "Split",
                [input(3)],
                ["axis": .int(0), "num_outputs": .int(3)],
                outputs: 3
            )
            given.query = add("Add", [given.query, parts[0]])
            given.key = add("Add", [given.key, parts[1]])
            given.value = add("Add", [given.value, parts[2]])
        }
        given.mask = try mask(input(4), added: input(5))
        try attend(given, form)
    }

    /// onnxruntime's operator that projects its input to queries, keys and values first.
    mutating func joinedAttention() throws(ModelError) {
        var form = AttentionForm()
        let heads = try attributes.requiredInt("num_heads", in: 1...1 << 20)
        form.heads = (heads, heads)
        form.isCausal = try attributes.flag("unidirectional", default: false)
        let scale = try attributes.float("scale", default: 0)
        if scale != 0 { form.scale = scale }
        _ = try attributes.float("mask_filter_value", default: -10_000)
        let turns = try attributes.flag("do_rotary", default: false)
        let sizes = try attributes.ints("qkv_hidden_sizes", in: 1...1 << 20)
        guard !turns, !has(4), !has(6), !isWanted(1), sizes.map({ $0.count == 3 }) ?? true else {
            throw fail("\(node.op) is known without a cache and without rotation")
        }
        var all = add("MatMul", [input(0), input(1)])
        if has(2) { all = add("Add", [all, input(2)]) }
        let parts =
            sizes == nil
            ? add("Split", [all], ["axis": .int(-1), "num_outputs": .int(3)], outputs: 3)
            : add("Split", [all, integers(sizes ?? [])], ["axis": .int(-1)], outputs: 3)
        var given = AttentionValues(query: parts[0], key: parts[1], value: parts[2])
        given.mask = try mask(input(3), added: input(5))
        try attend(given, form)
    }

    /// A mask of keys, 1 for those that count, [batch, keys], or what is added to the scores.
    private mutating func mask(_ keys: String, added: String) throws(ModelError) -> String {
        guard !keys.isEmpty else { return added }
        guard added.isEmpty, shape(keys)?.count == 2 else {
            throw fail("a mask is known where it is an input of two axes and the only one")
        }
        let flags = add("Cast", [keys], ["to": .int(9)])
        return add("Unsqueeze", [flags, integers([1, 2])])
    }
}
