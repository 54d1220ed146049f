import Glibc

/// Draws symbols from a model's predictions; the same seed draws the same symbols.
struct Sampler {
    private let temperature: Double
    private let topK: Int
    private var random: SplitMix

    /// `temperature` 0 always takes the likeliest symbol; `topK` is the number of symbols to draw from.
    init(temperature: Double, topK: Int, seed: UInt64) {
        self.temperature = temperature
        self.topK = topK
        random = SplitMix(seed: seed)
    }

    /// Draws an index with a probability proportional to exp(score / temperature).
    ///
    /// `scores` are logits, or the logarithms of probabilities.
    mutating func draw(from scores: [Double]) -> Int {
        var candidates = scores.indices.sorted {
            scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
        }
        guard let best = candidates.first else { return 0 }
        guard temperature > 0 else { return best }
        candidates = Array(candidates.prefix(topK))
        let weights = candidates.map { exp((scores[$0] - scores[best]) / temperature) }
        let target = random.fraction() * weights.reduce(0, +)
        var sum = 0.0
        for (candidate, weight) in zip(candidates, weights) {
            sum += weight
            if target < sum { return candidate }
        }
        return best
    }
}
