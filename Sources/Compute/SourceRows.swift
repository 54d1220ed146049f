/// The weights of one output after the other, and where each goes among the sums of its tile.
struct SourceRows {
    /// Numbers of one output.
    let length: Int
    /// Sums of one output, zeros for inputs that only fill a block included.
    let sums: Int
    /// A stretch of numbers goes to as many sums; the place there of each.
    let places: [Int]

    /// In order, in stretches whose lines stay in the cache until all lanes are written.
    init(inOrder length: Int) {
        self.init(length: length, sums: length, places: Array(0..<64))
    }

    /// Sixteen inputs with their taps become taps with their sixteen inputs.
    init(inputs: Int, taps: Int) {
        self.init(
            length: inputs * taps,
            sums: blocks(of: inputs) * 16 * taps,
            places: (0..<taps * 16).map { $0 % taps * 16 + $0 / taps }
        )
    }

    private init(length: Int, sums: Int, places: [Int]) {
        self.length = length
        self.sums = sums
        self.places = places
    }

    /// For each tile of up to `tile` blocks: every sum's weights, [sums][blocks][16].
    ///
    /// The first output's numbers begin at `offset`, those of the others `step` after each other.
    func pack(
        _ weights: Span<Float>,
        _ order: OutputOrder,
        tile: Int,
        from offset: Int = 0,
        step: Int? = nil,
        into target: FloatPosition
    ) {
        let step = step ?? length
        for block in 0..<order.blocks {
            let first = block / tile * tile
            let width = min(tile, order.blocks - first) * 16
            let start = target + (first * sums * 16 + (block - first) * 16)
            for stretch in stride(from: 0, to: length, by: max(1, places.count)) {
                for lane in 0..<16 {
                    let output = order.sources[block * 16 + lane]
                    guard output >= 0 else { continue }
                    let begin = offset + output * step
                    let end = begin + min(stretch + places.count, length)
                    let numbers = weights.extracting(begin + stretch..<end)
                    let column = start + (stretch * width + lane)
                    for index in numbers.indices { column[places[index] * width] = numbers[index] }
                }
            }
        }
    }
}
