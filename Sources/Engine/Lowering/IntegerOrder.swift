import Compute

/// How weights of small integers lie for the kernels that read them.
enum IntegerOrder: Equatable, Sendable {
    /// [groups][outputs/16][taps][channels/4][16][4] of 8 bits, the taps listed once for each piece.
    case blocks(pieces: Int)
    /// [outputs/16][16][channels/4][16][4] of 16 bits: (2G) g (2G)ᵀ of each kernel g of 3×3.
    case squares
    /// [channels/16][(taps + 1)/2][16][2] of 16 bits.
    case channelPairs
    /// [channels/16][(taps + 3)/4][16][4] of 8 bits.
    case channelFours

    /// Bytes of the weights of 16 outputs.
    func blockBytes(_ size: IntegerWeights.Size) -> Int {
        let quads = (size.channels + 3) / 4
        return switch self {
        case .blocks(let pieces): size.taps * pieces * quads * 64
        case .squares: 16 * quads * 128
        case .channelPairs: (size.taps + 1) / 2 * 64
        case .channelFours: (size.taps + 3) / 4 * 64
        }
    }

    /// `numbers` are [outputs][taps][channels of a group].
    func pack(_ numbers: [Int16], _ size: IntegerWeights.Size) -> PackedIntegers {
        let weights = Weights(numbers: numbers, size: size, blockBytes: blockBytes(size))
        return switch self {
        case .blocks(let pieces): weights.blocks(pieces: pieces)
        case .squares: weights.squares()
        case .channelPairs: weights.channelPairs()
        case .channelFours: weights.channelFours()
        }
    }
}

/// Weights [outputs][taps][channels] on their way into an order.
private struct Weights {
    let numbers: [Int16]
    let size: IntegerWeights.Size
    let blockBytes: Int

    private func packed(
        groups: Int = 1,
        _ fill: (BytePosition) -> Void
    ) -> PackedIntegers {
        let blocks = (size.outputs / groups + 15) / 16 * groups
        return PackedIntegers(bytes: blocks * blockBytes, fill: fill)
    }

    func blocks(pieces: Int) -> PackedIntegers {
        let quads = (size.channels + 3) / 4
        let perGroup = size.outputs / size.groups
        let blocks = (perGroup + 15) / 16
        return packed(groups: size.groups) { target in
            var index = 0
            for output in 0..<size.outputs {
                let (group, own) = output.quotientAndRemainder(dividingBy: perGroup)
                let block = (group * blocks + own / 16) * blockBytes + own % 16 * 4
                for tap in 0..<size.taps {
                    for channel in 0..<size.channels {
                        var rest = Int(numbers[index])
                        index += 1
                        for piece in 0..<pieces {
                            let part = min(127, max(-128, rest))
                            rest -= part
                            let row = (piece * size.taps + tap) * quads + channel / 4
                            target[byte: block + row * 64 + channel % 4] =
                                UInt8(truncatingIfNeeded: part)
                        }
                    }
                }
            }
        }
    }

    func squares() -> PackedIntegers {
        let quads = size.channels / 4
        // Columns of (2G) g, four numbers each.
        var columns = [Int](repeating: 0, count: 12)
        return packed { target in
            for output in 0..<size.outputs {
                for channel in 0..<size.channels {
                    let first = output * 9 * size.channels + channel
                    func number(_ tap: Int) -> Int { Int(numbers[first + tap * size.channels]) }
                    for column in 0..<3 {
                        let g = Three(number(column), number(3 + column), number(6 + column))
                        for row in 0..<4 { columns[4 * column + row] = g.transformed(row) }
                    }
                    let block = output / 16 * blockBytes + channel / 4 * 128
                    let own = (output % 16 * 4 + channel % 4) * 2
                    for square in 0..<16 {
                        let row = square / 4
                        let g = Three(columns[row], columns[4 + row], columns[8 + row])
                        target.set(
                            word: block + square * quads * 128 + own,
                            g.transformed(square % 4)
                        )
                    }
                }
            }
        }
    }

    func channelPairs() -> PackedIntegers {
        packed { target in
            for output in 0..<size.outputs {
                let block = output / 16 * blockBytes + output % 16 * 4
                for tap in 0..<size.taps {
                    target.set(
                        word: block + tap / 2 * 64 + tap % 2 * 2,
                        Int(numbers[output * size.taps + tap])
                    )
                }
            }
        }
    }

    func channelFours() -> PackedIntegers {
        packed { target in
            for output in 0..<size.outputs {
                let block = output / 16 * blockBytes + output % 16 * 4
                for tap in 0..<size.taps {
                    target[byte: block + tap / 4 * 64 + tap % 4] =
                        UInt8(truncatingIfNeeded: numbers[output * size.taps + tap])
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

extension BytePosition {
    /// Writes a number as two bytes, the lower one first.
    fileprivate func set(word place: Int, _ number: Int) {
        self[byte: place] = UInt8(truncatingIfNeeded: number)
        self[byte: place + 1] = UInt8(truncatingIfNeeded: number >> 8)
    }
}
