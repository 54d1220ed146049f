import Glibc
import Graph

extension Families {
    static let statefulLayers: [String: DeclaredOperator] = [
        "CausalConvWithState": .init(CausalConvolution.self, takes: 2...4, gives: 1...2),
        "LinearAttention": .init(LinearAttention.self, takes: 3...6, gives: 1...2),
    ]
}

/// A convolution of each channel with what came before, and the last of it for what comes next.
struct CausalConvolution: Operator {
    private let activates: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let name = try attributes.string("activation", default: "none")
        guard ["none", "silu", "swish"].contains(name) else {
            throw attributes.mismatch("activation", "none, silu or swish", .string(name))
        }
        activates = name != "none"
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, weights) = (try operands(0), try operands(1))
        let (x, w) = (input.shape.dimensions, weights.shape.dimensions)
        guard x.count == 3, w.count == 3, w[0] == x[1], w[1] == 1, w[2] >= 1 else {
            throw operands.fail("kernels \(weights.shape) do not fit \(input.shape)")
        }
        let (rows, length, before) = (x[0] * x[1], x[2], w[2] - 1)
        let past = operands.optional(3)
        guard past.map({ $0.shape.dimensions == [x[0], x[1], before] }) ?? true else {
            throw operands.fail("the state \(past?.shape ?? []) does not fit \(input.shape)")
        }
        let bias = operands.optional(2) == nil ? nil : try operands.floats(2)
        guard bias.map({ $0.count == x[1] }) ?? true else {
            throw operands.fail("the bias does not fit the channels")
        }
        let (values, kernel) = (try operands.floats(0), try operands.floats(1))
        let old = past == nil ? nil : try operands.floats(3)
        _ = try operands.count([x[0], x[1], length + before])
        var (result, state): ([Double], [Double]) = ([], [])
        for row in 0..<rows {
            try operands.poll()
            let start = old.map { Array($0[row * before..<(row + 1) * before]) }
            let line =
                (start ?? Array(repeating: 0, count: before))
                + values[row * length..<(row + 1) * length]
            let channel = row % x[1]
            for place in 0..<length {
                var sum = bias?[channel] ?? 0
                for tap in 0...before { sum += kernel[channel * w[2] + tap] * line[place + tap] }
                result.append(activates ? sum / (1 + exp(-sum)) : sum)
            }
            state += line[length...]
        }
        return [
            try operands.result(x, result, input.type),
            try operands.result([x[0], x[1], before], state, past?.type ?? input.type),
        ]
    }
}

/// Attention whose memory of keys and values is one matrix for each head, which fades and is corrected.
struct LinearAttention: Operator {
    private let fades: Bool
    private let corrects: Bool
    private let heads: (queries: Int, keys: Int)
    private let scale: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let rule = try attributes.string("update_rule", default: "gated_delta")
        guard ["linear", "gated", "delta", "gated_delta"].contains(rule) else {
            throw attributes.mismatch("update_rule", "a known rule", .string(rule))
        }
        fades = rule.hasPrefix("gated")
        corrects = rule.hasSuffix("delta")
        heads = (
            try attributes.int("q_num_heads", default: 0, in: 1...1 << 20),
            try attributes.int("kv_num_heads", default: 0, in: 1...1 << 20)
        )
        guard heads.queries >= 1, heads.keys >= 1, heads.queries % heads.keys == 0 else {
            throw attributes.mismatch("q_num_heads", "a multiple of kv_num_heads", .int(heads.0))
        }
        scale = Double(try attributes.float("scale", default: 0))
        // Only how to compute, not what.
        _ = try attributes.int("chunk_size", default: 64)
    }

    /// Sizes, and how many numbers of decay and correction each head has.
    private struct Form {
        let batch, length, key, value, decays, corrections: Int
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let form = try form(operands)
        let (q, k, v) = (
            try operands.floats(0), try operands.floats(1), try operands.floats(2)
        )
        let stateShape = [form.batch, heads.keys, form.key, form.value]
        let stateCount = try operands.count(stateShape)
        var state = [Double](repeating: 0, count: stateCount)
        if let past = operands.optional(3) {
            guard past.shape.dimensions == stateShape else {
                throw operands.fail("the state \(past.shape) should be \(Shape(stateShape))")
            }
            state = try operands.floats(3)
        }
        let decay = fades ? try operands.floats(4) : []
        let beta = corrects ? try operands.floats(5) : []
        let shape = [form.batch, form.length, heads.queries * form.value]
        var result = [Double](repeating: 0, count: try operands.count(shape))
        let shared = heads.queries / heads.keys
        let factor = scale == 0 ? 1 / Double(form.key).squareRoot() : scale
        for batch in 0..<form.batch {
            for step in 0..<form.length {
                try operands.poll()
                let row = batch * form.length + step
                for head in 0..<heads.keys {
                    let place = row * heads.keys + head
                    let first = (batch * heads.keys + head) * form.key * form.value
                    var memory = HeadMemory(
                        state,
                        from: first,
                        keys: form.key,
                        width: form.value
                    )
                    if fades {
                        let start = place * form.decays
                        memory.fade(decay[start..<start + form.decays])
                    }
                    let strength =
                        corrects
                        ? beta[row * form.corrections + (form.corrections == 1 ? 0 : head)] : nil
                    memory.learn(
                        k[place * form.key..<(place + 1) * form.key],
                        v[place * form.value..<(place + 1) * form.value],
                        strength
                    )
                    for query in head * shared..<(head + 1) * shared {
                        let own = row * heads.queries + query
                        let answer = memory.read(q[own * form.key..<(own + 1) * form.key])
                        for (index, value) in answer.enumerated() {
                            result[own * form.value + index] = factor * value
                        }
                    }
                    state.replaceSubrange(
                        first..<first + memory.values.count,
                        with: memory.values
                    )
                }
            }
        }
        let type = try operands(0).type
        return [
            try operands.result(shape, result, type),
            try operands.result(stateShape, state, operands.optional(3)?.type ?? type),
        ]
    }

    private func form(_ operands: Operands) throws(ModelError) -> Form {
        let (q, k, v) = (try operands(0).shape, try operands(1).shape, try operands(2).shape)
        guard q.rank == 3, k.rank == 3, v.rank == 3, q[2] % heads.queries == 0,
            v[2] % heads.keys == 0, q[2] > 0
        else { throw operands.fail("\(q), \(k) and \(v) do not fit the heads") }
        let size = q[2] / heads.queries
        guard k.dimensions == [q[0], q[1], heads.keys * size], v[0] == q[0], v[1] == q[1] else {
            throw operands.fail("\(q), \(k) and \(v) do not fit each other")
        }
        guard (operands.optional(4) != nil) == fades, (operands.optional(5) != nil) == corrects
        else { throw operands.fail("decay and beta must be there as update_rule says") }
        func width(_ input: Int, _ known: [Int]) throws(ModelError) -> Int {
            guard let given = operands.optional(input)?.shape else { return 1 }
            guard given.rank == 3, given[0] == q[0], given[1] == q[1], known.contains(given[2])
            else { throw operands.fail("input \(input + 1) of the shape \(given) does not fit") }
            return given[2]
        }
        return Form(
            batch: q[0],
            length: q[1],
            key: size,
            value: v[2] / heads.keys,
            decays: try width(4, [heads.keys, heads.keys * size]) / heads.keys,
            corrections: try width(5, [heads.keys, 1])
        )
    }
}

/// What a head keeps: a value for each key, as a matrix.
private struct HeadMemory {
    private(set) var values: [Double]
    private let keys: Int
    private let width: Int

    init(_ all: [Double], from first: Int, keys: Int, width: Int) {
        values = Array(all[first..<first + keys * width])
        (self.keys, self.width) = (keys, width)
    }

    /// Times e to the power of one number for all keys or one for each.
    mutating func fade(_ decay: ArraySlice<Double>) {
        for key in 0..<keys {
            let factor = exp(decay[decay.startIndex + (decay.count == 1 ? 0 : key)])
            for place in key * width..<(key + 1) * width { values[place] *= factor }
        }
    }

    /// Adds a value for a key, or what it differs by from what is kept, times `strength`.
    mutating func learn(
        _ key: ArraySlice<Double>,
        _ value: ArraySlice<Double>,
        _ strength: Double?
    ) {
        var value = Array(value)
        if let strength {
            let known = read(key)
            for index in value.indices { value[index] = strength * (value[index] - known[index]) }
        }
        for (row, factor) in key.enumerated() {
            for column in 0..<width { values[row * width + column] += factor * value[column] }
        }
    }

    func read(_ query: ArraySlice<Double>) -> [Double] {
        var sums = [Double](repeating: 0, count: width)
        for (row, factor) in query.enumerated() {
            for column in 0..<width { sums[column] += factor * values[row * width + column] }
        }
        return sums
    }
}
