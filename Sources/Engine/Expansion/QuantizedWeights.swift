import Graph

extension Expansion {
    /// onnxruntime's operators whose weights alone are small integers.
    static let quantizedWeights: [String: Expansion] = [
        // Every row of what comes in and of the states is rounded by itself: a sequence's answer does not depend on its
        // neighbours, as it would with the steps of a whole tensor.
        "com.microsoft.DynamicQuantizeLSTM": .init(takes: 3...12, gives: 0...3) {
            node throws(ModelError) in
            let own = node.otherAttributes([])
            var weights: [String] = []
            if let input = node.gateIntegers(1, scale: 8, zero: 9),
                let recurrent = node.gateIntegers(2, scale: 10, zero: 11)
            {
                weights = [node.constant(input.tensor), node.constant(recurrent.tensor)]
            } else {
                weights = [
                    try node.gateWeights(1, scale: 8, zero: 9),
                    try node.gateWeights(2, scale: 10, zero: 11),
                ]
            }
            node.add(
                "LSTM",
                [node.input(0)] + weights + (3..<8).map { node.input($0) },
                own,
                named: node.node.outputs
            )
        },
        "com.microsoft.MatMulNBits": .init(takes: 3...6) { node throws(ModelError) in
            let weights = node.constant(try node.blockWeights())
            let product = node.add("MatMul", [node.input(0), weights])
            if node.has(5) {
                node.add("Add", [product, node.input(5)], as: 0)
            } else {
                node.give(product, as: 0)
            }
        },
    ]
}

extension Replacement {
    /// Constant weights [directions, inputs, gates] of 8 bits as [directions, gates, inputs]; nil for any other.
    fileprivate func gateIntegers(_ index: Int, scale: Int, zero: Int) -> QuantizedNumbers? {
        guard let integers = constant(input(index)), integers.shape.rank == 3,
            [.int8, .uint8].contains(integers.type), let scales = constant(input(scale))?.floats
        else { return nil }
        let zeros = has(zero) ? constant(input(zero)) : nil
        guard !has(zero) || zeros?.type == integers.type else { return nil }
        return QuantizedNumbers(
            integers: integers.transposed([0, 2, 1]),
            scales: scales,
            zeros: zeros?.elements.signed,
            axis: scales.count == integers.shape[0] ? 0 : 1,
            roundsRows: true
        )
    }

    /// Weights [directions, inputs, gates] of integers as real ones [directions, gates, inputs].
    fileprivate mutating func gateWeights(
        _ index: Int,
        scale: Int,
        zero: Int
    ) throws(ModelError) -> String {
        guard let sizes = shape(input(scale)), (1...2).contains(sizes.count) else {
            throw fail("the scales of input \(index + 1) must be a list, or one for each direction")
        }
        // One for each direction, or for each of its gates.
        let axes = integers(sizes.count == 1 ? [1, 2] : [1])
        func spread(_ value: String) -> String { add("Unsqueeze", [value, axes]) }
        var real = add("Cast", [input(index)], ["to": .int(1)])
        if has(zero) {
            let zeros = add("Cast", [input(zero)], ["to": .int(1)])
            real = add("Sub", [real, spread(zeros)])
        }
        real = add("Mul", [real, spread(input(scale))])
        return add("Transpose", [real], ["perm": .ints([0, 2, 1])])
    }

    /// Weights [N, blocks of K, bytes] of a few bits each as real ones [K, N], made when they are read.
    fileprivate mutating func blockWeights() throws(ModelError) -> Tensor {
        let size = try attributes.int("block_size", default: 32, in: 16...1 << 20)
        let bits = try attributes.int("bits", default: 4)
        let most = 1 << 30
        let inputs = try attributes.requiredInt("K", in: 1...most)
        let outputs = try attributes.requiredInt("N", in: 1...most)
        _ = try attributes.int("accuracy_level", default: 0)
        _ = try attributes.int("weight_prepacked", default: 0, in: 0...0)
        guard [2, 4, 8].contains(bits) else {
            throw fail("weights of \(bits) bits are not supported")
        }
        guard input(4).isEmpty else { throw fail("an order of groups (g_idx) is not supported") }
        let blocks = (inputs + size - 1) / size
        let bytes = size * bits / 8
        let count = Shape([inputs, outputs]).checkedCount ?? .max
        guard count <= 1 << 32 else { throw fail("\(inputs) × \(outputs) weights are too many") }
        guard case .uint8(let packed)? = constant(input(1))?.elements,
            packed.count == Shape([outputs, blocks, bytes]).checkedCount
        else { throw fail("B must be a constant of bytes [\(outputs), \(blocks), \(bytes)]") }
        guard let scales = constant(input(2))?.elements.doubles, scales.count == outputs * blocks
        else { throw fail("the scales must be \(outputs * blocks) constants of real numbers") }
        let zeros = try blockZeros(bits: bits, rows: outputs, blocks: blocks)
        let rows = try rows(packed, bits: bits, inputs: inputs, padded: blocks * size)
        let whole = zeros.compactMap { Int(exactly: $0) }
        if whole.count == zeros.count,
            let numbers = QuantizedNumbers(
                integers: rows,
                scales: scales.map { Float($0) },
                zeros: whole,
                axis: 1,
                blockSize: size,
                isTransposed: true
            )
        {
            return numbers.tensor
        }
        let integer = rows.integerReader
        let stored = StoredFloats(count: count, isMade: true) { part in
            part.map { index in
                let (k, n) = index.quotientAndRemainder(dividingBy: outputs)
                let block = n * blocks + k / size
                return Float((Double(integer(n * inputs + k)) - zeros[block]) * scales[block])
            }
        }
        return Tensor(shape: [inputs, outputs], stored: stored)
    }

    /// Integers [N, K] out of rows that are filled up to `padded` integers.
    private func rows(
        _ packed: [UInt8],
        bits: Int,
        inputs: Int,
        padded: Int
    ) throws(ModelError) -> Tensor {
        let outputs = packed.count * 8 / bits / padded
        let shape: Shape = [outputs, inputs]
        if bits == 8 {
            let bytes =
                inputs == padded
                ? packed
                : (0..<outputs).flatMap { packed[$0 * padded..<$0 * padded + inputs] }
            return Tensor(shape: shape, elements: .uint8(bytes))
        }
        let form = SmallIntegers.Form(bits: bits, isSigned: false)
        guard let all = SmallIntegers(form, count: outputs * padded, bytes: packed) else {
            throw fail("its rows of weights are no whole bytes")
        }
        guard inputs != padded else { return Tensor(shape: shape, small: all) }
        let bytes = (0..<outputs * inputs).map { index in
            UInt8(all[index / inputs * padded + index % inputs])
        }
        return Tensor(shape: shape, elements: .uint8(bytes))
    }

    /// The zero point of each block: half of what the bits hold where none is given.
    private func blockZeros(bits: Int, rows: Int, blocks: Int) throws(ModelError) -> [Double] {
        guard has(3) else {
            return Array(repeating: Double(1 << (bits - 1)), count: rows * blocks)
        }
        let perRow = (blocks * bits + 7) / 8
        switch constant(input(3))?.elements {
        case .uint8(let values) where values.count == rows * perRow:
            return (0..<rows * blocks).map { index in
                let (row, block) = index.quotientAndRemainder(dividingBy: blocks)
                let byte = Int(values[row * perRow + block * bits / 8])
                return Double(byte >> (block * bits % 8) & (1 << bits - 1))
            }
        case let other? where other.count == rows * blocks && other.type.isFloat:
            if let values = other.doubles { return values }
        default: break
        }
        throw fail("the zero points must be constants, one for each block")
    }
}
