import Compute
import Graph

/// Weights of 8 bits in the order of the kernels, their zero points taken off.
struct IntegerWeights: PackedBytes {
    /// A kernel for each output: its taps, and the channels of its group.
    struct Size: Sendable {
        let outputs: Int
        let taps: Int
        let channels: Int
        let groups: Int

        /// Whether every output is a channel's own sum.
        var isDepthwise: Bool { channels == 1 && groups == outputs && groups > 1 }
    }

    /// What kernels can take beside blocks of outputs and pairs of a channel's taps.
    struct Orders {
        /// A channel's taps in fours of 8 bits.
        var fours = false
        /// Kernels of 3×3 that move by one, for squares of four windows.
        var squares = false
    }

    let size: Size
    let order: IntegerOrder
    let packed: PackedIntegers
    /// Sums of each output's weights.
    let sums: [Int]
    /// The largest sum of an output's weights without their signs.
    let largest: Int

    var byteCount: Int { packed.byteCount }
    var outputs: Int { size.outputs }
    /// How often the taps are repeated: weights that do not fit 8 bits are several that do.
    var pieces: Int { if case .blocks(let pieces) = order { pieces } else { 1 } }
    /// Outputs of a group, in whole blocks of 16.
    var paddedOutputs: Int { (outputs / size.groups + 15) / 16 * 16 }
    /// Bytes of the weights of one group.
    var groupBytes: Int { packed.byteCount / size.groups }
    /// Bytes of the weights of 16 outputs.
    var blockBytes: Int { order.blockBytes(size) }

    /// `value` gives the weight of an output, a tap and a channel of its group, the zero point taken off: −255 … 255.
    ///
    /// - Throws: `shape` where sums of products might not fit 32 bits, or blocks that are filled up take more than
    ///   `mostBytes`.
    init(
        _ size: Size,
        node: Node,
        mostBytes: Int,
        orders: Orders = Orders(),
        value: (_ output: Int, _ tap: Int, _ channel: Int) -> Int
    ) throws(ModelError) {
        self.size = size
        let length = size.taps * size.channels
        var numbers: [Int16] = []
        numbers.reserveCapacity(size.outputs * length)
        for output in 0..<size.outputs {
            for tap in 0..<size.taps {
                for channel in 0..<size.channels {
                    numbers.append(Int16(value(output, tap, channel)))
                }
            }
        }
        var (sums, largest, most) = ([Int](repeating: 0, count: size.outputs), 0, 0)
        for output in 0..<size.outputs {
            var absolute = 0
            for weight in numbers[output * length..<(output + 1) * length] {
                sums[output] += Int(weight)
                absolute += Int(weight.magnitude)
                most = max(most, Int(weight > 127 ? weight - 127 : -128 - weight))
            }
            largest = max(largest, absolute)
        }
        guard largest < 1 << 22 else {
            throw .shape(node: node.name, reason: "its sums of integers may not fit 32 bits")
        }
        (self.sums, self.largest) = (sums, largest)
        if size.isDepthwise {
            order = orders.fours && most <= 0 ? .channelFours : .channelPairs
        } else if orders.squares, largest * 255 * 4 <= Int(Int32.max) {
            // Sums of squares are four times as large.
            order = .squares
        } else {
            // −128 … 127, twice as far, or three times.
            order = .blocks(pieces: most <= 0 ? 1 : most <= 127 ? 2 : 3)
        }
        let blocks = (size.outputs / size.groups + 15) / 16 * size.groups
        guard size.isDepthwise || blocks <= mostBytes / max(1, order.blockBytes(size)) else {
            throw .shape(node: node.name, reason: "its weights take too much memory as blocks")
        }
        packed = order.pack(numbers, size)
    }
}
