/// A long stack made short enough to read: activations join the layers they follow, and a block that comes again right
/// after itself is drawn once.
struct FoldedStack {
    /// Neighbouring rows that stand for several blocks alike.
    struct Repeat: Equatable {
        let rows: Range<Int>
        let count: Int
    }

    private(set) var rows: [StackRow]
    private(set) var repeats: [Repeat] = []

    /// Shorter stacks are drawn as they are.
    private static let most = 30
    /// Rows of the longest block that is looked for.
    private static let longestBlock = 60

    init(_ rows: [StackRow]) {
        self.rows = rows
        guard rows.count > Self.most else { return }
        joinActivations()
        foldBlocks()
    }

    /// A row that only changes numbers where they stand joins the only row that it reads, if nobody else reads that one.
    private mutating func joinActivations() {
        joinGates()
        let readers = readers
        var joined: [StackRow] = []
        var places: [String: String] = [:]
        for var row in rows {
            row.inputs = row.inputs.map { places[$0] ?? $0 }
            if row.isActivation, let last = joined.last, row.inputs == [last.name],
                last.role != .input, readers[last.last] == 1
            {
                joined[joined.count - 1].take(row)
                places[row.name] = last.name
            } else {
                joined.append(row)
            }
        }
        rows = joined
    }

    /// How many rows read each value.
    private var readers: [String: Int] {
        rows.flatMap(\.inputs).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// A value times its own sigmoid, which exporters write as two nodes, is one row: SiLU, x · σ(x).
    private mutating func joinGates() {
        let readers = readers
        var joined: [StackRow] = []
        for row in rows {
            guard row.words == "Mul", row.inputs.count == 2, let gate = joined.last,
                gate.words == "Sigmoid", let source = gate.inputs.first,
                Set(row.inputs) == [source, gate.name], readers[gate.name] == 1
            else {
                joined.append(row)
                continue
            }
            joined[joined.count - 1] = row.gate(of: source)
        }
        rows = joined
    }

    /// Of blocks that are the same but for their weights the first one stays; rows that read another read it.
    private mutating func foldBlocks() {
        // As numbers, which are compared many times.
        var known: [[String]: Int] = [:]
        var signatures: [Int] = []
        for row in rows {
            let signature = row.signature
            let number = known[signature] ?? known.count
            known[signature] = number
            signatures.append(number)
        }
        let places = Dictionary(rows.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let reads = rows.map { row in row.inputs.map { places[$0] ?? -1 } }
        /// Whether a row does with what lies `distance` rows further what another one does.
        func isAlike(_ row: Int, _ distance: Int) -> Bool {
            let (one, other) = (reads[row], reads[row + distance])
            return signatures[row] == signatures[row + distance] && one.count == other.count
                && zip(one, other).allSatisfy { $1 - $0 == distance || $0 == $1 }
        }
        var kept: [StackRow] = []
        var names: [String: String] = [:]
        var row = 0
        while row < rows.count {
            var best = (length: 1, count: 1)
            for length in 1...max(1, min(Self.longestBlock, (rows.count - row) / 2)) {
                var alike = 0
                while row + alike + length < rows.count, isAlike(row + alike, length) {
                    alike += 1
                }
                let count = alike / length + 1
                let isWorth = length > 1 ? count > 1 : count > 2
                if isWorth, length * (count - 1) > best.length * (best.count - 1) {
                    best = (length, count)
                }
            }
            for offset in 0..<best.length {
                var first = rows[row + offset]
                first.inputs = first.inputs.map { names[$0] ?? $0 }
                kept.append(first)
                for block in 1..<best.count {
                    names[rows[row + block * best.length + offset].name] = first.name
                }
            }
            if best.count > 1 {
                repeats.append(
                    Repeat(rows: kept.count - best.length..<kept.count, count: best.count)
                )
            }
            row += best.length * best.count
        }
        rows = kept
    }
}

extension StackRow {
    /// What makes two rows alike, but for what they read.
    fileprivate var signature: [String] {
        [words, size, parameters.map(String.init) ?? "", field.isEmpty ? "whole" : ""]
    }

    /// Whether the operator only changes numbers where they stand.
    fileprivate var isActivation: Bool { Self.activations.contains(words) }

    private static let activations: Set<String> = [
        "BatchNormalization", "Celu", "Clip", "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish",
        "LeakyRelu", "Mish", "PRelu", "Relu", "Selu", "SiLU", "Sigmoid", "Softplus", "Swish",
        "Tanh",
    ]

    /// The row of SiLU that ends here.
    fileprivate func gate(of source: String) -> StackRow {
        var row = self
        row.words = "SiLU"
        row.inputs = [source]
        return row
    }

    /// Adds an activation that follows.
    fileprivate mutating func take(_ row: StackRow) {
        words += ", \(row.words)"
        parameters = (parameters ?? 0) + (row.parameters ?? 0)
        multiplyAdds = (multiplyAdds ?? 0) + (row.multiplyAdds ?? 0)
        last = row.name
    }
}
