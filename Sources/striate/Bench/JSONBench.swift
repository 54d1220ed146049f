import Texts
import FoundationEssentials
import Glibc
import TensorFormats

/// What a number of a tensor costs as JSON, beside Foundation's JSONDecoder and JSONEncoder in the same run.
struct JSONBench {
    let rounds: Int

    /// Numbers read: a picture of 3 × 224 × 224.
    private static let read = 150_528
    /// Numbers written.
    private static let written = 4096

    func run() throws {
        print("JSON, ns per number (median and best of \(rounds) interleaved rounds)")
        let sevenDigits = (0..<Self.read).map { index in
            "0." + String(1_000_000 + index * 7_919 % 9_000_000)
        }
        try read("read, 7 digits, flat", Array("[\(sevenDigits.joined(separator: ", "))]".utf8))
        try read("read, 7 digits, [3, 224, 224]", nested(sevenDigits))
        let shortest = (0..<Self.read).map { index in
            (Float(index * 7_919 % Self.read) / Float(Self.read)).description
        }
        try read("read, shortest float", Array("[\(shortest.joined(separator: ","))]".utf8))
        let values = (0..<Self.written).map { index in
            Float(index * 7_919 % Self.written) / 4099 - 0.25
        }
        try write(values)
    }

    private func read(_ name: String, _ text: [UInt8]) throws {
        let data = Data(text)
        // In place, as the service reads a body.
        let padded = text + [UInt8](repeating: 0, count: 8)
        var sum: Float = 0
        var block = Data()
        let times = try interleaved(
            rounds: rounds,
            [
                // The first large allocation puts in order what Foundation has freed; it shall not be ours.
                ("allocator", { block = Data(count: 1 << 16) }),
                (
                    "own",
                    {
                        // SAFETY: the text outlives the closure, and eight zero bytes follow it.
                        sum += try unsafe padded.withUnsafeBytes { bytes in
                            let body = unsafe UnsafeRawBufferPointer(rebasing: bytes.dropLast(8))
                            var reader = unsafe JSONReader(withSlackAfter: body)
                            return try reader.tensor(limit: Self.read).values[0]
                        }
                    }
                ), ("Foundation", { _ = try JSONDecoder().decode(Nested.self, from: data) }),
            ]
        )
        report(
            name,
            ["own": times["own"], "Foundation": times["Foundation"]],
            count: Self.read
        )
        precondition(sum.isFinite && block.count > 0)
    }

    private func write(_ values: [Float]) throws {
        var bytes = 0
        // A round of microseconds would measure the clock.
        let repeats = 50
        let times = try interleaved(
            rounds: rounds,
            [
                (
                    "own",
                    {
                        for _ in 0..<repeats {
                            var writer = JSONWriter()
                            try writer.array(of: values.span)
                            bytes += writer.bytes.count
                        }
                    }
                ),
                (
                    "Foundation",
                    {
                        for _ in 0..<repeats / 10 {
                            bytes += try JSONEncoder().encode(values).count
                        }
                    }
                ),
            ]
        )
        report("print, shortest float", ["own": times["own"]], count: Self.written * repeats)
        report(
            "print, shortest float",
            ["Foundation": times["Foundation"]],
            count: Self.written * (repeats / 10)
        )
        precondition(bytes > 0)
    }

    private func report(_ name: String, _ times: [String: Samples?], count: Int) {
        for case (let contender, let samples?) in times.sorted(by: { $0.key > $1.key }) {
            let median = fixed(samples.median * 1e9 / Double(count), 1)
            let best = fixed(samples.minimum * 1e9 / Double(count), 1)
            print(
                "  \(column(name, 32))\(column(contender, 12))"
                    + "\(column(median, 9, right: true))\(column(best, 9, right: true))"
            )
        }
    }

    /// The numbers as rows of a picture with three channels.
    private func nested(_ numbers: [String]) -> [UInt8] {
        let rows = stride(from: 0, to: numbers.count, by: 224).map {
            "[\(numbers[$0..<$0 + 224].joined(separator: ", "))]"
        }
        let channels = stride(from: 0, to: rows.count, by: 224).map {
            "[\(rows[$0..<$0 + 224].joined(separator: ", "))]"
        }
        return Array("[\(channels.joined(separator: ", "))]".utf8)
    }
}

/// Numbers, or lists of them to any depth.
private enum Nested: Decodable {
    case numbers([Float])
    case lists([Nested])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let numbers = try? container.decode([Float].self) {
            self = .numbers(numbers)
        } else {
            self = .lists(try container.decode([Nested].self))
        }
    }
}
