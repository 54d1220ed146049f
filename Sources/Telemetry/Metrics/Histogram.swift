/// Counts of durations up to bounds, as Prometheus reads them.
struct Histogram: Sendable {
    /// Upper bounds in seconds, from 100 µs to 10 s.
    static let bounds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
        5, 10,
    ]

    /// One count for each bound and one for what is beyond.
    private var counts = [Int](repeating: 0, count: bounds.count + 1)
    private var sum = 0.0

    mutating func record(_ duration: Duration) {
        let seconds = duration.seconds
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sum += seconds
    }

    /// Appends the series of `name` with these labels, which look like `route="/models"`.
    func append(to page: inout MetricsText, name: String, labels: String) {
        var cumulative = 0
        for (bound, count) in zip(Self.bounds, counts) {
            cumulative += count
            page.sample(name + "_bucket", "\(labels),le=\"\(bound)\"", Double(cumulative))
        }
        let total = counts.reduce(0, +)
        page.sample(name + "_bucket", "\(labels),le=\"+Inf\"", Double(total))
        page.sample(name + "_sum", labels, sum)
        page.sample(name + "_count", labels, Double(total))
    }
}
