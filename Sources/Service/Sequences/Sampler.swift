import Glibc

/// Draws symbols from a model's predictions; the same seed draws the same symbols.
///
/// Random bits come from SplitMix64 (Steele, Lea and Flood 2014), state = seed.
struct Sampler {
    private let temperature: Double
    private let topK: Int
    private var state: UInt64

    /// `temperature` 0 always takes the likeliest symbol; `topK` is the number of symbols to draw from.
    init(temperature: Double, topK: Int, seed: UInt64) {
        self.temperature = temperature
        self.topK = topK
        state = seed
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
        let target = nextUnit() * weights.reduce(0, +)
        var sum = 0.0
        for (candidate, weight) in zip(candidates, weights) {
            sum += weight
            if target < sum { return candidate }
        }
        return best
    }

    /// A number from 0 up to 1 with 53 random bits.
    private mutating func nextUnit() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        return Double(bits >> 11) * 0x1p-53
    }
}
