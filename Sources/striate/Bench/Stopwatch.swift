/// Times of repeated runs, in seconds.
struct Samples {
    private(set) var sorted: [Double]

    init(_ values: [Double]) {
        sorted = values.sorted()
    }

    var minimum: Double { sorted.first ?? 0 }
    var median: Double { quantile(0.5) }

    func quantile(_ part: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }
}

/// Seconds that `work` takes.
func seconds(_ work: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let duration = try clock.measure(work)
    let (whole, atto) = duration.components
    return Double(whole) + Double(atto) * 1e-18
}

/// Runs every contender in turn, round after round, so that a noisy moment hits all of them.
func interleaved(
    rounds: Int,
    _ contenders: [(name: String, work: () throws -> Void)]
) throws -> [String: Samples] {
    var times: [String: [Double]] = [:]
    for round in 0...rounds {
        for contender in contenders {
            let time = try seconds(contender.work)
            // The first round warms caches and branch predictors.
            if round > 0 { times[contender.name, default: []].append(time) }
        }
    }
    return times.mapValues(Samples.init)
}

/// Pads to a column.
func column(_ text: String, _ width: Int, right: Bool = false) -> String {
    let padding = String(repeating: " ", count: max(0, width - text.count))
    return right ? padding + text : text + padding
}
