/// How long each kind of request takes, learnt from those that were answered.
struct CostEstimates {
    /// Requests of one kind take about the same time for each unit of work.
    struct Kind: Hashable, Sendable {
        let model: String
        let operation: String
    }

    /// Assumed before the first request of a kind was answered.
    static let firstGuessSeconds = 0.001
    /// The weight of the newest measurement, and of one below what is known: a first request makes plans, too.
    private static let weight = 0.1
    private static let weightBelow = 0.3

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
        let weight = measured < known ? Self.weightBelow : Self.weight
        secondsPerUnit[kind] = known + weight * (measured - known)
    }

    /// A request that has not ended has taken so long already.
    mutating func raise(_ kind: Kind, units: Double, toSeconds seconds: Double) {
        let measured = seconds / units
        if measured > secondsPerUnit[kind] ?? Self.firstGuessSeconds {
            secondsPerUnit[kind] = measured
        }
    }

    /// An estimate has refused a request that nothing else kept from being computed.
    ///
    /// That teaches nothing, so it must not go on for ever.
    mutating func doubt(_ kind: Kind) {
        secondsPerUnit[kind, default: Self.firstGuessSeconds] *= 1 - Self.weight
    }
}
