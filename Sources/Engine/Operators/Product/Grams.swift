import Graph

extension Families {
    static let grams: [String: DeclaredOperator] = [
        "TfIdfVectorizer": .init(GramCounts.self, takes: 1...1, gives: 1...1)
    ]
}

/// How often known runs of words or numbers stand in each row, also with words left out between.
struct GramCounts: Operator {
    private enum Word: Hashable {
        case text([UInt8])
        case number(Int)
    }

    /// The result's places of each run.
    private let places: [[Word]: [Int]]
    private let lengths: ClosedRange<Int>
    private let mostSkipped: Int
    private let mode: String
    private let weights: [Double]
    private let width: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let shortest = try attributes.int("min_gram_length", default: 1, in: 1...64)
        let longest = try attributes.int("max_gram_length", default: shortest, in: shortest...64)
        lengths = shortest...longest
        mostSkipped = try attributes.int("max_skip_count", default: 0, in: 0...1 << 10)
        mode = try attributes.string("mode", default: "TF")
        guard ["TF", "IDF", "TFIDF"].contains(mode) else {
            throw attributes.mismatch("mode", "TF, IDF or TFIDF", .string(mode))
        }
        let indexes = try attributes.ints("ngram_indexes", in: 0...1 << 26) ?? []
        width = (indexes.max() ?? -1) + 1
        let counts = try attributes.ints("ngram_counts", in: 0...1 << 26) ?? []
        let texts = try attributes.strings("pool_strings")
        let numbers = try attributes.ints("pool_int64s", in: AttributeReader.any)
        let pool =
            texts.map { $0.map { Word.text(Array($0.utf8)) } }
            ?? (numbers ?? []).map {
                .number($0)
            }
        let factors = (try attributes.floats("weights") ?? []).map { Double($0) }
        guard factors.isEmpty || factors.count == indexes.count else {
            throw attributes.mismatch("weights", "one for each run", .floats([]))
        }
        var weights = [Double](repeating: 1, count: factors.isEmpty ? 0 : width)
        for (place, factor) in zip(indexes, factors) { weights[place] = factor }
        self.weights = weights
        places = try Self.runs(pool, counts: counts, indexes: indexes, lengths: lengths, attributes)
    }

    /// The pool has all runs of one word, then those of two, and so on, from the places that `counts` says.
    private static func runs(
        _ pool: [Word],
        counts: [Int],
        indexes: [Int],
        lengths: ClosedRange<Int>,
        _ attributes: AttributeReader
    ) throws(ModelError) -> [[Word]: [Int]] {
        var (result, run) = ([[Word]: [Int]](), 0)
        for (offset, start) in counts.enumerated() {
            let (length, end) = (
                offset + 1, offset + 1 < counts.count ? counts[offset + 1] : pool.count
            )
            guard start <= end, end <= pool.count, (end - start) % length == 0,
                run + (end - start) / length <= indexes.count
            else { throw attributes.mismatch("ngram_counts", "places in the pool", .ints(counts)) }
            for first in stride(from: start, to: end, by: length) {
                if lengths.contains(length) {
                    result[Array(pool[first..<first + length]), default: []].append(indexes[run])
                }
                run += 1
            }
        }
        return result
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard input.shape.rank <= 2 else {
            throw operands.fail("\(input.shape) is no list of words")
        }
        let words: [Word]
        if case .strings(let texts) = input.elements {
            words = texts.map { .text($0) }
        } else {
            words = try operands.anyIntegers(0).map { .number($0) }
        }
        let rows = input.shape.rank == 2 ? input.shape[0] : 1
        let length = input.shape.dimensions.last ?? 1
        let shape = (input.shape.rank == 2 ? [rows] : []) + [width]
        var counts = [Double](repeating: 0, count: try operands.count(shape))
        for row in 0..<rows {
            try count(
                words[row * length..<(row + 1) * length],
                into: &counts,
                at: row * width,
                operands
            )
        }
        for place in counts.indices where mode != "TF" {
            let weight = weights.isEmpty ? 1 : weights[place % max(width, 1)]
            let count = mode == "IDF" ? min(counts[place], 1) : counts[place]
            counts[place] = count * weight
        }
        return [try operands.result(shape, counts, .float32)]
    }

    private func count(
        _ words: ArraySlice<Word>,
        into counts: inout [Double],
        at start: Int,
        _ operands: Operands
    ) throws(ModelError) {
        for skipped in 0...mostSkipped {
            try operands.poll()
            for first in words.indices {
                try operands.poll(at: first)
                // Single words have nothing to leave out between them.
                for length in lengths where length > 1 || skipped == 0 {
                    let step = skipped + 1
                    guard first + step * (length - 1) < words.endIndex else { break }
                    let run = (0..<length).map { words[first + $0 * step] }
                    for place in places[run] ?? [] { counts[start + place] += 1 }
                }
            }
        }
    }
}
