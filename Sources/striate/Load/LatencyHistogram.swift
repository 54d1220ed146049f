import Texts
import Glibc
import TensorFormats

/// Times in classes of a hundredth of their size, from a microsecond to a thousand seconds (as HdrHistogram's).
struct LatencyHistogram {
    /// Classes for a tenfold time: 10^(1/232) is 1 % more.
    private static let classes = 232.0

    private var counts: [Int: Int] = [:]
    private(set) var count = 0
    private(set) var longest = 0.0
    private var sum = 0.0

    mutating func add(_ seconds: Double) {
        let place = Int((log10(max(seconds, 1e-6)) * Self.classes).rounded(.up))
        counts[place, default: 0] += 1
        count += 1
        sum += seconds
        longest = max(longest, seconds)
    }

    mutating func add(_ other: Self) {
        counts.merge(other.counts, uniquingKeysWith: +)
        (count, sum) = (count + other.count, sum + other.sum)
        longest = max(longest, other.longest)
    }

    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Seconds within which this share of all lies.
    func percentile(_ share: Double) -> Double {
        let wanted = Int((share * Double(count)).rounded(.up))
        var seen = 0
        for (place, count) in counts.sorted(by: { $0.key < $1.key }) {
            seen += count
            if seen >= wanted { return min(pow(10, Double(place) / Self.classes), longest) }
        }
        return longest
    }

    static let shares = [0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1]

    /// A line for each sixth of a tenfold time, on a scale of logarithms: its end, a bar, how many.
    func lines(width: Int = 50) -> [String] {
        guard !counts.isEmpty else { return [] }
        var parts: [Int: Int] = [:]
        for (place, count) in counts {
            parts[Int((Double(place) * 6 / Self.classes).rounded(.up)), default: 0] += count
        }
        let most = parts.values.max() ?? 1
        return ((parts.keys.min() ?? 0)...(parts.keys.max() ?? 0)).map { part in
            let count = parts[part] ?? 0
            let end = Self.text(pow(10, Double(part) / 6))
            let bar = String(repeating: "█", count: (count * width + most - 1) / most)
            return "\(column(end, 10, right: true)) │\(bar) \(count)"
        }
    }

    var document: JSON {
        let percentiles = Self.shares.map { share in
            (Self.name(of: share), JSON.number(milliseconds(percentile(share))))
        }
        let classes = counts.sorted { $0.key < $1.key }.map { place, count -> JSON in
            let end = pow(10, Double(place) / Self.classes)
            return [.number(milliseconds(end)), .integer(count)]
        }
        return .object(
            [("mean", .number(milliseconds(mean)))] + percentiles
                + [("classes", .array(classes))]
        )
    }

    private func milliseconds(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e3 }

    /// As p99.9.
    static func name(of share: Double) -> String {
        var digits = fixed(share * 100, 4)
        while digits.last == "0" { digits.removeLast() }
        return "p" + (digits.last == "." ? String(digits.dropLast()) : digits)
    }

    /// A time with its unit.
    static func text(_ seconds: Double) -> String {
        switch seconds {
        case ..<1e-3: fixed(seconds * 1e6, 0) + " µs"
        case ..<10e-3: fixed(seconds * 1e3, 2) + " ms"
        case ..<1: fixed(seconds * 1e3, 0) + " ms"
        default: fixed(seconds, 2) + " s"
        }
    }
}
