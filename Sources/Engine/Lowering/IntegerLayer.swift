import Compute
import Graph

/// What of a value kernels of unsigned bytes compute with: int8 is 128 higher in layouts of integers.
struct ByteSteps: Sendable, Equatable {
    let scale: Float
    /// As the file says it.
    let zero: Int
    let type: ElementType

    var steps: QuantizationSteps { QuantizationSteps(scale: scale, zero: zero + shift) }
    var shift: Int { type == .int8 ? 128 : 0 }

    /// All there are, or those of the file's numbers, as the kernels count.
    func range(_ range: ClosedRange<Int>? = nil) -> ClosedRange<Int> {
        let range = range ?? type.integerRange
        return range.lowerBound + shift...range.upperBound + shift
    }
}

extension ByteSteps {
    /// What each byte is in other steps, both as the kernels count.
    func table(to other: ByteSteps) -> [UInt8] {
        (0..<256).map { byte in
            let real = Float(byte - shift - zero) * scale
            return UInt8(truncatingIfNeeded: other.integer(real) + other.shift)
        }
    }

    /// The integer that stands for a real number.
    func integer(_ real: Float) -> Int { Double(real / scale).quantised(type, zero) }
}

/// A layer that multiplies bytes by weights of 8 bits.
struct IntegerLayer {
    enum Zero {
        case known(Int)
        /// A number of the input's type, computed before.
        case value(ValueID)
    }

    enum Result {
        case sums
        case quantized(ByteSteps, range: ClosedRange<Int>)
        case reals
    }

    let node: Node
    let weights: IntegerWeights
    /// The input's zero point in its own type.
    let zero: Zero
    let inputType: ElementType
    let result: Result
    /// For each output: what is added to its sum, what the sum is multiplied by, and what is added then.
    var bias: [Int]
    var scale: [Float]
    var addend: [Float]

    /// Numbers for all outputs, where they lie while a plan runs.
    struct Numbers {
        let bias: ValueID
        let scale: ValueID
        let addend: ValueID
        var all: [ValueID] { [bias, scale, addend] }
    }

    var form: IntegerForm {
        switch result {
        case .sums: .sums
        case .quantized(let steps, let range):
            .quantized(zero: steps.steps.zero, range: steps.range(range))
        case .reals: .reals
        }
    }

    var outputType: ElementType {
        switch result {
        case .sums: .int32
        case .quantized(let steps, _): steps.type
        case .reals: .float32
        }
    }

    /// Bytes of an element of the result.
    var outputWidth: Int { outputType.byteCount ?? 4 }

    private var shift: Int { inputType == .int8 ? 128 : 0 }

    /// The zero point as the kernels count, where it is known.
    var knownZero: Int? {
        if case .known(let zero) = zero { zero + shift } else { nil }
    }

    /// The byte that stands for zero, while the plan runs.
    func zeroByte(_ placement: Placement) -> @Sendable (PassArena) -> UInt8 {
        switch zero {
        case .known(let zero):
            let byte = UInt8(truncatingIfNeeded: zero + shift)
            return { _ in byte }
        case .value(let id):
            let (place, flip) = (placement[id], UInt8(truncatingIfNeeded: shift))
            return { arena in place.position(in: arena).bytes[byte: 0] ^ flip }
        }
    }

    /// The numbers of the outputs, group by group padded to whole blocks; computed first where they are not known.
    func numbers(groups: Int, into plan: inout PlanBuilder) throws(ModelError) -> Numbers {
        let count = weights.outputs / groups
        let padded = (count + 15) / 16 * 16
        let total = groups * padded
        guard total <= plan.largest / 16 else {
            throw .shape(node: node.name, reason: "its groups take too much memory as blocks")
        }
        func spread<Value>(_ values: [Value], _ none: Value) -> [Value] {
            (0..<total).map { index in
                let (group, output) = index.quotientAndRemainder(dividingBy: padded)
                guard output < count else { return none }
                return values.count == 1 ? values[0] : values[group * count + output]
            }
        }
        let sums = spread(weights.sums, 0)
        var biases = spread(bias, 0)
        if let zero = knownZero {
            for index in biases.indices { biases[index] -= zero * sums[index] }
        }
        let most = Int(Int32.max) - 255 * weights.largest
        guard biases.allSatisfy({ abs($0) <= most }) else {
            throw .shape(node: node.name, reason: "its sums are too large for 32 bits")
        }
        let stored = FloatStorage(.int32(biases.map { Int32($0) }))
        let known = Numbers(
            bias: try plan.define("", [total], .dense, memory: .constant(stored)),
            scale: try plan.numbers(spread(scale, 0)),
            addend: try plan.numbers(spread(addend, 0))
        )
        guard case .value(let zero) = zero else { return known }
        return Numbers(
            bias: try shifted(known.bias, by: zero, sums, into: &plan),
            scale: known.scale,
            addend: known.addend
        )
    }

    /// bias − zero · Σ weights, for a zero point that is computed.
    private func shifted(
        _ bias: ValueID,
        by zero: ValueID,
        _ sums: [Int],
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        let output = try plan.scratch(sums.count)
        let isSigned = inputType == .int8
        plan.step("zero", chunks: 1, reads: [bias, zero], writes: [output]) { placement in
            let (from, offset, to) = (placement[bias], placement[zero], placement[output])
            return { arena, _ in
                let byte = offset.position(in: arena).bytes[byte: 0]
                // int8 is 128 higher, as its zero point is.
                let zero = isSigned ? Int(Int8(bitPattern: byte)) + 128 : Int(byte)
                let (x, y) = (from.position(in: arena).bytes, to.position(in: arena).bytes)
                for index in sums.indices {
                    y[short: index] =
                        x[short: index] &- Int32(truncatingIfNeeded: zero * sums[index])
                }
            }
        }
        return output
    }
}

extension PlanBuilder {
    /// Constants of float32.
    mutating func numbers(_ values: [Float]) throws(ModelError) -> ValueID {
        try define("", [values.count], .dense, memory: .constant(FloatStorage(.floats(values))))
    }
}
