import Compute
import Graph

/// A constant matrix of small integers that stays so in memory: a step unpacks what it multiplies next.
struct SmallWeights: PackedBytes {
    let inputs: Int
    let units: Int
    /// Whether two integers share a byte.
    let isHalved: Bool
    /// Inputs that share an output's scale.
    let blockSize: Int
    /// For every 16 outputs and each block of inputs 16 scales, 16 zero points and the integers.
    let packed: PackedIntegers
    let bias: PackedWeights

    var byteCount: Int { packed.byteCount + 4 * bias.count }

    /// Real numbers of a matrix from which on reading them takes longer than unpacking integers.
    private static let fewest = 1 << 18

    /// Bytes before a block's integers.
    private static let head = SmallBlocks.head

    private var blocks: Int { (inputs + blockSize - 1) / blockSize }
    private var blockBytes: Int { Self.head + (isHalved ? 8 : 16) * (blockSize + blockSize % 2) }

    /// Whether the numbers are many, and integers of 8 bits or fewer that share scales in blocks of inputs.
    static func take(_ numbers: QuantizedNumbers, isUnitMajor: Bool) -> Bool {
        let unitAxis = isUnitMajor != numbers.isTransposed ? 0 : 1
        let (type, shape) = (numbers.integers.type, numbers.integers.shape)
        guard numbers.integers.count >= fewest, shape.rank == 2, [.int8, .uint8].contains(type),
            numbers.zeros.allSatisfy(range(of: numbers).contains)
        else { return false }
        guard numbers.blockSize > 0 else {
            return numbers.scales.count == 1 || numbers.axis == unitAxis
        }
        // Blocks begin where pairs do.
        return numbers.axis != unitAxis
            && (numbers.blockSize % 2 == 0 || numbers.blockSize >= shape[1 - unitAxis])
    }

    /// What the integers can be.
    private static func range(of numbers: QuantizedNumbers) -> ClosedRange<Int> {
        guard let form = numbers.integers.small?.form else {
            return numbers.integers.type.integerRange
        }
        let count = 1 << form.bits
        return form.isSigned ? -count / 2...count / 2 - 1 : 0...count - 1
    }

    /// Of numbers that `take` says can be taken.
    init(_ numbers: QuantizedNumbers, inputs: Int, units: Int, isUnitMajor: Bool, bias: [Float]) {
        let unitAxis = isUnitMajor != numbers.isTransposed ? 0 : 1
        (self.inputs, self.units) = (inputs, units)
        blockSize = numbers.blockSize > 0 ? min(numbers.blockSize, inputs) : inputs
        isHalved = numbers.integers.small != nil
        // Integers and zero points as distances from the least one.
        let least = -Self.range(of: numbers).lowerBound
        self.bias = Packing.vector(bias, .plain(units))
        let integer = numbers.integers.integerReader
        func place(_ input: Int, _ unit: Int) -> Int {
            unitAxis == 0 ? unit * inputs + input : input * units + unit
        }
        let (size, halved) = (blockSize, isHalved)
        let blocks = (inputs + size - 1) / size
        let bytes = Self.head + (halved ? 8 : 16) * (size + size % 2)
        packed = PackedIntegers(bytes: (units + 15) / 16 * blocks * bytes) { target in
            for unit in 0..<units {
                for block in 0..<blocks {
                    let start = target + (unit / 16 * blocks + block) * bytes
                    let slice = numbers.slice(of: place(block * size, unit))
                    let lane = unit % 16
                    start.floats[lane] = numbers.scales[slice]
                    start[byte: 64 + lane] = UInt8(numbers.zeros[slice] + least)
                    for index in 0..<min(size, inputs - block * size) {
                        let value = UInt8(integer(place(block * size + index, unit)) + least)
                        let row = halved ? index / 2 : index
                        let byte = Self.head + row * 16 + lane
                        start[byte: byte] |= halved && index % 2 == 1 ? value << 4 : value
                    }
                }
            }
        }
    }

    /// As kernels read those of some blocks of 16 outputs.
    func blocks(_ outputs: Range<Int>) -> SmallBlocks {
        SmallBlocks(
            start: packed.start + outputs.lowerBound * blocks * blockBytes,
            stride: blocks * blockBytes,
            count: outputs.count,
            isHalved: isHalved,
            blockSize: blockSize,
            blockBytes: blockBytes
        )
    }

    /// Writes the real numbers of some inputs of 16 outputs, `row` floats from one input's to the next, zeros from the
    /// last input on.
    func unpack(
        _ part: Range<Int>,
        of outputs: Int,
        into target: FloatPosition,
        row: Int,
        _ kernels: KernelSet
    ) {
        var input = part.lowerBound
        while input < min(part.upperBound, inputs) {
            let (block, inside) = input.quotientAndRemainder(dividingBy: blockSize)
            let count = min(blockSize - inside, part.upperBound - input, inputs - input)
            kernels.unpackIntegers(
                packed.start + (outputs * blocks + block) * blockBytes,
                isHalved: isHalved,
                from: inside,
                count: count,
                into: target + (input - part.lowerBound) * row,
                row: row
            )
            input += count
        }
        while input < part.upperBound {
            (target + (input - part.lowerBound) * row).fill(0, count: 16)
            input += 1
        }
    }
}
