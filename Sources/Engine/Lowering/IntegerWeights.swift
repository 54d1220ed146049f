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
    }

    let size: Size
    /// How often the taps are repeated: weights that do not fit 8 bits are several that do.
    let pieces: Int
    let packed: PackedIntegers
    /// Sums of each output's weights.
    let sums: [Int]
    /// The largest sum of an output's weights without their signs.
    let largest: Int
    /// Whether every output is a channel's own sum.
    let isDepthwise: Bool
    /// Whether a channel's taps lie in fours of 8 bits, not in pairs of 16.
    let isInFours: Bool
    /// Whether kernels of 3×3 are transformed for squares of four windows.
    let isInSquares: Bool

    var byteCount: Int { packed.byteCount }
    var outputs: Int { size.outputs }
    var taps: Int { size.taps * pieces }
    /// Outputs of a group, in whole blocks of 16.
    var paddedOutputs: Int { (outputs / size.groups + 15) / 16 * 16 }
    /// Bytes of the weights of one group.
    var groupBytes: Int { packed.byteCount / size.groups }
    /// Bytes of the weights of 16 outputs.
    var blockBytes: Int {
        isInSquares ? 16 * 32 * size.channels : taps * ((size.channels + 3) / 4) * 64
    }

    /// `value` gives the weight of an output, a tap and a channel of its group, the zero point taken off.
    ///
    /// `multipliesFours` says whether kernels take a channel's taps in fours, `inSquares` that kernels of 3×3 that move
    /// by one are wanted for squares of four windows.
    ///
    /// - Throws: `shape` where sums of products might not fit 32 bits, or blocks that are filled up take more than
    ///   `mostBytes`.
    init(
        _ size: Size,
        node: Node,
        mostBytes: Int,
        multipliesFours: Bool = false,
        inSquares: Bool = false,
        value: (_ output: Int, _ tap: Int, _ channel: Int) -> Int
    ) throws(ModelError) {
        self.size = size
        var (sums, largest, most) = ([Int](repeating: 0, count: size.outputs), 0, 0)
        for output in 0..<size.outputs {
            var absolute = 0
            for tap in 0..<size.taps {
                for channel in 0..<size.channels {
                    let weight = value(output, tap, channel)
                    sums[output] += weight
                    absolute += abs(weight)
                    most = max(most, weight > 127 ? weight - 127 : -128 - weight)
                }
            }
            largest = max(largest, absolute)
        }
        guard largest < 1 << 22 else {
            throw .shape(node: node.name, reason: "its sums of integers may not fit 32 bits")
        }
        self.sums = sums
        self.largest = largest
        isDepthwise = size.channels == 1 && size.groups == size.outputs && size.groups > 1
        // Sums of squares are four times as large.
        isInSquares = inSquares && largest * 255 * 4 <= Int(Int32.max)
        // −128 … 127, twice as far, or three times.
        pieces = isDepthwise || isInSquares || most <= 0 ? 1 : most <= 127 ? 2 : 3
        let perGroup = (size.outputs / size.groups + 15) / 16 * ((size.channels + 3) / 4)
        let parts = isInSquares ? 32 : size.taps * pieces
        guard isDepthwise || perGroup * size.groups * parts <= mostBytes / 64 else {
            throw .shape(node: node.name, reason: "its weights take too much memory as blocks")
        }
        isInFours = multipliesFours && isDepthwise && most <= 0
        packed =
            isInFours
            ? Self.packFours(size, value)
            : isDepthwise
                ? Self.packChannels(size, value)
                : isInSquares
                    ? Self.packSquares(size, value) : Self.packBlocks(size, pieces: pieces, value)
    }

    /// [groups][outputs/16][taps][channels/4][16][4] of 8 bits.
    private static func packBlocks(
        _ size: Size,
        pieces: Int,
        _ value: (_ output: Int, _ tap: Int, _ channel: Int) -> Int
    ) -> PackedIntegers {
        let quads = (size.channels + 3) / 4
        let perGroup = size.outputs / size.groups
        let blocks = (perGroup + 15) / 16
        let taps = size.taps * pieces
        return PackedIntegers(bytes: size.groups * blocks * taps * quads * 64) { target in
            for output in 0..<size.outputs {
                let (group, own) = output.quotientAndRemainder(dividingBy: perGroup)
                let block = group * blocks + own / 16
                for tap in 0..<size.taps {
                    for channel in 0..<size.channels {
                        var rest = value(output, tap, channel)
                        for piece in 0..<pieces {
                            let part = min(127, max(-128, rest))
                            rest -= part
                            let row = (block * taps + piece * size.taps + tap) * quads + channel / 4
                            target[byte: (row * 16 + own % 16) * 4 + channel % 4] =
                                UInt8(truncatingIfNeeded: part)
                        }
                    }
                }
            }
        }
    }

    /// [outputs/16][16][channels/4][16][4] of 16 bits: (2G) g (2G)ᵀ of each kernel g.
    private static func packSquares(
        _ size: Size,
        _ value: (_ output: Int, _ tap: Int, _ channel: Int) -> Int
    ) -> PackedIntegers {
        let (blocks, quads) = ((size.outputs + 15) / 16, size.channels / 4)
        // Columns of (2G) g, four numbers each.
        var columns = [Int](repeating: 0, count: 12)
        return PackedIntegers(bytes: blocks * 16 * quads * 128) { target in
            for output in 0..<size.outputs {
                for channel in 0..<size.channels {
                    for column in 0..<3 {
                        let g = Three(
                            value(output, column, channel),
                            value(output, 3 + column, channel),
                            value(output, 6 + column, channel)
                        )
                        for row in 0..<4 { columns[4 * column + row] = g.transformed(row) }
                    }
                    let first = (output / 16 * 16 * quads + channel / 4) * 64
                    let own = output % 16 * 4 + channel % 4
                    for square in 0..<16 {
                        let row = square / 4
                        let g = Three(columns[row], columns[4 + row], columns[8 + row])
                        let number = g.transformed(square % 4)
                        let place = first + square * quads * 64 + own
                        target[byte: 2 * place] = UInt8(truncatingIfNeeded: number)
                        target[byte: 2 * place + 1] = UInt8(truncatingIfNeeded: number >> 8)
                    }
                }
            }
        }
    }

    /// Three numbers of a kernel in a line.
    private struct Three {
        let (a, b, c): (Int, Int, Int)

        init(_ a: Int, _ b: Int, _ c: Int) { (self.a, self.b, self.c) = (a, b, c) }

        /// What a row of 2G makes of them.
        func transformed(_ row: Int) -> Int {
            switch row {
            case 0: 2 * a
            case 1: a + b + c
            case 2: a - b + c
            default: 2 * c
            }
        }
    }

    /// [channels/16][(taps + 3)/4][16][4] of 8 bits.
    private static func packFours(
        _ size: Size,
        _ value: (_ output: Int, _ tap: Int, _ channel: Int) -> Int
    ) -> PackedIntegers {
        let (blocks, fours) = ((size.outputs + 15) / 16, (size.taps + 3) / 4)
        return PackedIntegers(bytes: blocks * fours * 64) { target in
            for output in 0..<size.outputs {
                for tap in 0..<size.taps {
                    let row = output / 16 * fours + tap / 4
                    target[byte: (row * 16 + output % 16) * 4 + tap % 4] =
                        UInt8(truncatingIfNeeded: value(output, tap, 0))
                }
            }
        }
    }

    /// [channels/16][(taps + 1)/2][16][2] of 16 bits.
    private static func packChannels(
        _ size: Size,
        _ value: (_ output: Int, _ tap: Int, _ channel: Int) -> Int
    ) -> PackedIntegers {
        let (blocks, pairs) = ((size.outputs + 15) / 16, (size.taps + 1) / 2)
        return PackedIntegers(bytes: blocks * pairs * 64) { target in
            for output in 0..<size.outputs {
                for tap in 0..<size.taps {
                    let weight = value(output, tap, 0)
                    let place =
                        ((output / 16 * pairs + tap / 2) * 16 + output % 16) * 2 + tap % 2
                    target[byte: 2 * place] = UInt8(truncatingIfNeeded: weight)
                    target[byte: 2 * place + 1] = UInt8(truncatingIfNeeded: weight >> 8)
                }
            }
        }
    }
}
