/// A picture of at most 256 colours as indices into a list of them: a third of the bytes to compress.
struct IndexedPicture {
    /// RGB, three bytes a colour.
    private(set) var colours: [UInt8] = []
    /// One byte a pixel.
    private(set) var indices: [UInt8]

    static let mostColours = 256
    private static let slots = 1024

    func file(width: Int, height: Int) -> PalettePNG {
        let indices = indices
        return PalettePNG(colours: colours, width: width, height: height) { rows in
            Array(indices[rows.lowerBound * width..<rows.upperBound * width])
        }
    }

    /// Nil if the picture, which is RGB, has more colours than a palette holds.
    init?(_ samples: [UInt8]) {
        var table = [UInt32](repeating: .max, count: Self.slots)
        var positions = [UInt8](repeating: 0, count: Self.slots)
        indices = [UInt8](repeating: 0, count: samples.count / 3)
        var last: (colour: UInt32, index: UInt8) = (.max, 0)
        for pixel in indices.indices {
            let colour =
                UInt32(samples[3 * pixel]) << 16 | UInt32(samples[3 * pixel + 1]) << 8
                | UInt32(samples[3 * pixel + 2])
            if colour != last.colour {
                guard let index = index(of: colour, &table, &positions) else { return nil }
                last = (colour, index)
            }
            indices[pixel] = last.index
        }
    }

    /// Finds or adds a colour, by open addressing.
    private mutating func index(
        of colour: UInt32,
        _ table: inout [UInt32],
        _ positions: inout [UInt8]
    ) -> UInt8? {
        var slot = Int((colour &* 0x9E37_79B1) >> 22)
        while table[slot] != colour {
            if table[slot] == .max {
                let count = colours.count / 3
                guard count < Self.mostColours else { return nil }
                table[slot] = colour
                positions[slot] = UInt8(count)
                colours += [UInt8(colour >> 16), UInt8(colour >> 8 & 255), UInt8(colour & 255)]
                break
            }
            slot = (slot + 1) % Self.slots
        }
        return positions[slot]
    }
}
