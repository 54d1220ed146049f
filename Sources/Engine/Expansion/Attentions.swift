import Graph

extension Expansion {
    /// Attention and what comes with it.
    static let attentions: [String: Expansion] = [
        "Attention": .init(takes: 3...7, gives: 1...4) { node throws(ModelError) in
            try node.attention()
        },
        "RotaryEmbedding": .init(takes: 3...4) { node throws(ModelError) in
            try node.rotation()
        },
        "com.microsoft.MultiHeadAttention": .init(takes: 1...10, gives: 1...4) {
            node throws(ModelError) in
            try node.multiHeadAttention()
        },
        "com.microsoft.Attention": .init(takes: 2...7, gives: 1...2) { node throws(ModelError) in
            try node.joinedAttention()
        },
    ]
}

/// What an attention looks at and how.
struct AttentionForm {
    var heads: (queries: Int, keys: Int)?
    var scale: Float?
    var softcap: Float = 0
    var isCausal = false
    var window = (left: -1, right: -1)
    /// What the fourth output shows: products, capped ones, masked ones or shares.
    var shown = 0
}

/// The values that an attention joins; "" is one that is not there.
struct AttentionValues {
    var query, key, value: String
    var mask = ""
    var past = (key: "", value: "")
    var lengths = ""
}

extension Replacement {
    /// ONNX's operator: Y, the keys and values with those of the past, and what leads to Y.
    fileprivate mutating func attention() throws(ModelError) {
        var form = AttentionForm()
        form.isCausal = try attributes.flag("is_causal", default: false)
        let heads = (
            try attributes.optionalInt("q_num_heads", in: 1...1 << 20),
            try attributes.optionalInt("kv_num_heads", in: 1...1 << 20)
        )
        if attributes.has("scale") { form.scale = try attributes.float("scale", default: 1) }
        form.softcap = try attributes.float("softcap", default: 0)
        form.shown = try attributes.int("qk_matmul_output_mode", default: 0, in: 0...3)
        form.window = (
            try attributes.int("left_window_size", default: -1, in: -1...1 << 31),
            try attributes.int("right_window_size", default: -1, in: -1...1 << 31)
        )
        if let type = try attributes.type("softmax_precision"), !type.isFloat {
            throw fail("softmax_precision is no type of floats")
        }
        if let rank = shape(input(0))?.count, rank != 4, heads.0 == nil || rank != 3 {
            throw fail("queries of rank \(rank) need the number of heads")
        }
        if shape(input(0))?.count != 4, let queries = heads.0, let keys = heads.1 {
            form.heads = (queries, keys)
        }
        guard has(4) == has(5), !has(4) || !has(6) else {
            throw fail("past keys and values come together, and without lengths")
        }
        try attend(
            AttentionValues(
                query: input(0),
                key: input(1),
                value: input(2),
                mask: input(3),
                past: (input(4), input(5)),
                lengths: input(6)
            ),
            form
        )
    }

    /// Gives all outputs of an attention.
    mutating func attend(
        _ given: AttentionValues,
        _ form: AttentionForm
    ) throws(ModelError) {
        var (query, key, value) = (given.query, given.key, given.value)
        var shapes: [String] = []
        if let heads = form.heads {
            (query, shapes) = split(query, heads: heads.queries)
            key = split(key, heads: heads.keys).value
            value = split(value, heads: heads.keys).value
        }
        if !given.past.key.isEmpty {
            key = add("Concat", [given.past.key, key], ["axis": .int(2)], as: 1)
            value = add("Concat", [given.past.value, value], ["axis": .int(2)], as: 2)
        } else {
            give(key, as: 1)
            give(value, as: 2)
        }
        let bias = bias(given, form, query: query, key: key)
        let groups = try headGroups(form, query, key)
        let scaled = add("Mul", [query, scale(form, query)])
        let turned = add("Transpose", [key], .order([0, 1, 3, 2]))
        let products = add("MatMul", [groups.map { group(scaled, $0) } ?? scaled, turned])
        var scores = groups.map { ungroup(products, $0) } ?? products
        if form.shown == 0 { give(scores, as: 3) }
        if form.softcap > 0 {
            let cap = number(Double(form.softcap), like: scores)
            scores = add("Mul", [add("Tanh", [add("Div", [scores, cap])]), cap])
        }
        if form.shown == 1 { give(scores, as: 3) }
        if form.shown == 2 {
            if let bias, isWanted(3) {
                add("Add", [scores, typed(bias.open, like: query)], as: 3)
            } else {
                give(scores, as: 3)
            }
        }
        if let bias { scores = add("Add", [scores, typed(bias.safe, like: query)]) }
        var shares = add("Softmax", [scores], ["axis": .int(-1)])
        // A row that may look at nothing is 0, not the mean of all.
        if let keep = bias?.keep {
            shares = add("Mul", [shares, typed(keep, like: query)])
        }
        if form.shown == 3 { give(shares, as: 3) }
        let means = add("MatMul", [groups.map { group(shares, $0) } ?? shares, value])
        let answer = groups.map { ungroup(means, $0) } ?? means
        if form.heads == nil {
            give(answer, as: 0)
        } else {
            join(answer, shapes, as: 0)
        }
    }

    /// [batch, length, heads · size] as [batch, heads, length, size], and the shapes that lead back.
    ///
    /// What already has four axes stays as it is: exporters name the number of heads then too.
    mutating func split(_ value: String, heads: Int) -> (value: String, shapes: [String]) {
        let own = add("Shape", [value])
        let shapes = add(HeadShapes.name, [own], ["heads": .int(heads)], outputs: 4)
        let parts = add("Reshape", [value, shapes[0]])
        let turned = add("Transpose", [parts], .order([0, 2, 1, 3]))
        return (add("Reshape", [turned, shapes[1]]), Array(shapes[2...]))
    }

    /// The reverse of `split`.
    mutating func join(_ value: String, _ shapes: [String], as output: Int) {
        let parts = add("Reshape", [value, shapes[0]])
        let turned = add("Transpose", [parts], .order([0, 2, 1, 3]))
        add("Reshape", [turned, shapes[1]], as: output)
    }

    private mutating func scale(_ form: AttentionForm, _ query: String) -> String {
        if let scale = form.scale { return number(Double(scale), like: query) }
        let size = add("Shape", [query], ["start": .int(3), "end": .int(4)])
        let root = add("Sqrt", [add("Cast", [size], ["to": .int(1)])])
        return typed(add("Reciprocal", [root]), like: query)
    }

    /// What is added to the scores; without it where nothing is hidden.
    private mutating func bias(
        _ given: AttentionValues,
        _ form: AttentionForm,
        query: String,
        key: String
    ) -> (safe: String, open: String, keep: String?)? {
        let hasWindow = form.window != (-1, -1)
        guard form.isCausal || hasWindow || !given.mask.isEmpty || !given.lengths.isEmpty else {
            return nil
        }
        let past = given.past.key
        let made = add(
            AttentionBias.name,
            [
                add("Shape", [query]), add("Shape", [key]), given.mask,
                past.isEmpty ? "" : add("Shape", [past]), given.lengths,
            ],
            [
                "is_causal": .int(form.isCausal ? 1 : 0),
                "left_window_size": .int(form.window.left),
                "right_window_size": .int(form.window.right),
            ],
            outputs: 3
        )
        // Where only what comes later is hidden, each row sees something.
        let mayHideAll = hasWindow || !given.mask.isEmpty || !given.lengths.isEmpty
        return (made[0], made[1], mayHideAll ? made[2] : nil)
    }

    /// Shapes with which several heads of queries share one of keys; nil where there are as many.
    private mutating func headGroups(
        _ form: AttentionForm,
        _ query: String,
        _ key: String
    ) throws(ModelError) -> (split: String, joined: String, whole: String)? {
        if let heads = form.heads {
            guard heads.queries % heads.keys == 0 else {
                throw fail("\(heads.queries) heads cannot share \(heads.keys)")
            }
            if heads.queries == heads.keys { return nil }
        } else if let own = shape(query), let other = shape(key), own.count == 4,
            other.count == 4, own[1] != nil, own[1] == other[1]
        {
            return nil
        }
        let outer = add("Shape", [key], ["start": .int(0), "end": .int(2)])
        let length = add("Shape", [query], ["start": .int(2), "end": .int(3)])
        let any = integers([-1])
        return (
            add("Concat", [outer, any, length, integers([0])], ["axis": .int(0)]),
            add("Concat", [outer, any], ["axis": .int(0)]),
            add(
                "Concat",
                [add("Shape", [query], ["start": .int(0), "end": .int(3)]), any],
                ["axis": .int(0)]
            )
        )
    }

    /// [batch, heads, length, size] as [batch, heads of keys, those that share one · length, size].
    private mutating func group(
        _ value: String,
        _ shapes: (split: String, joined: String, whole: String)
    ) -> String {
        let size = add("Shape", [value], ["start": .int(3), "end": .int(4)])
        let rows = add("Concat", [shapes.joined, size], ["axis": .int(0)])
        return add("Reshape", [value, rows])
    }

    private mutating func ungroup(
        _ value: String,
        _ shapes: (split: String, joined: String, whole: String)
    ) -> String {
        add("Reshape", [value, shapes.whole])
    }
}
