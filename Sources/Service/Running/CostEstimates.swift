/// How long each kind of request takes, learnt from those that were answered.
struct CostEstimates {
    /// Requests of one kind take about the same time for each unit of work.
    struct Kind: Hashable, Sendable {
        let model: String
        let operation: String
    }

    /// Assumed before the first request of a kind was answered.
    static let firstGuessSeconds = 0.001
    /// The weight of the newest measurement.
    private static let weight = 0.1

    private var secondsPerUnit: [Kind: Double] = [:]

    func seconds(of kind: Kind, units: Double) -> Double {
        (secondsPerUnit[kind] ?? Self.firstGuessSeconds) * units
    }

    mutating func learn(_ kind: Kind, units: Double, seconds: Double) {
        let measured = seconds / units
        guard let known = secondsPerUnit[kind] else {
            secondsPerUnit[kind] = measured
            return
        }
        secondsPerUnit[kind] = known + Self.weight * (measured - known)
    }

    /// Work grows about as the body does, from one unit for a small one.
    static func units(bodyBytes: Int) -> Double {
        1 + Double(bodyBytes) / 1024
    }
}
