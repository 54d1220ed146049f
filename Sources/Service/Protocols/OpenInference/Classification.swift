import Compute
import Graph
import Models

/// An output as its likeliest classes (the classification extension): texts `value:index[:label]`, best first.
///
/// Equal values come in the order of their indices; the shape is [batch, k], without a batch [k].
struct Classification {
    let tensor: Tensor

    /// All of an output's numbers are put in order.
    private static let mostNumbers = 1 << 22

    /// What it takes: numbers in 64 bits and their order, and a text for each class that is named.
    static func bytes(of output: Tensor, top: Int) -> Int {
        let rows = output.shape.rank > 1 ? output.shape[0] : 1
        let named = rows > 0 ? min(top, output.count / rows) * rows : 0
        return output.count.times(16) + named.times(96)
    }

    init(
        of output: Tensor,
        _ model: Model,
        output name: String,
        top: Int
    ) throws(ServiceError) {
        guard output.count <= Self.mostNumbers else {
            throw .invalidValue(
                field: "classification",
                expected: "asked of an output of at most \(Self.mostNumbers) numbers",
                got: "\(name) of \(output.count)"
            )
        }
        guard let values = output.elements.asDoubles else {
            throw .invalidValue(
                field: "classification",
                expected: "asked of an output of numbers",
                got: "\(name) of \(Datatype(output.type).rawValue)"
            )
        }
        let hasBatch = output.shape.rank > 1
        let batch = hasBatch ? output.shape[0] : 1
        let classes = batch > 0 ? values.count / batch : 0
        let count = min(top, classes)
        let labels = model.labels(of: name, count: classes)
        var texts: [[UInt8]] = []
        texts.reserveCapacity(batch * count)
        for row in 0..<batch {
            let scores = values[row * classes..<(row + 1) * classes]
            let order = scores.indices.sorted { one, other in
                scores[one] == scores[other] ? one < other : scores[one] > scores[other]
            }
            for place in order.prefix(count) {
                let index = place - row * classes
                let label = labels.isEmpty ? "" : ":\(labels[index])"
                let value = output.elements.text(at: place)
                texts.append(Array("\(value):\(index)\(label)".utf8))
            }
        }
        tensor = Tensor(
            shape: hasBatch ? [batch, count] : [count],
            elements: .strings(texts)
        )
    }
}

extension Model {
    /// The names of an output's classes; empty where the model has none for it.
    func labels(of output: String, count: Int) -> [String] {
        let labels = manifest.labels
        return labels.count == count && manifest.outputs.contains(output) ? labels : []
    }
}

extension Tensor.Elements {
    /// The numbers to compare, a NaN as the smallest; nil for texts.
    fileprivate var asDoubles: [Double]? {
        switch self {
        case .floats(let values): values.map { Self.comparable(Double($0)) }
        case .doubles(let values): values.map(Self.comparable)
        case .halves(let values): values.map { Self.comparable(Double($0)) }
        case .bfloats(let values): values.map { Self.comparable(Double($0.float)) }
        case .integers(let values): values.map { Double($0) }
        case .int32(let values): values.map { Double($0) }
        case .int16(let values): values.map { Double($0) }
        case .int8(let values): values.map { Double($0) }
        case .uint64(let values): values.map { Double($0) }
        case .uint32(let values): values.map { Double($0) }
        case .uint16(let values): values.map { Double($0) }
        case .uint8(let values): values.map { Double($0) }
        case .booleans(let values): values.map { $0 ? 1 : 0 }
        case .strings: nil
        }
    }

    private static func comparable(_ value: Double) -> Double {
        value.isNaN ? -.infinity : value
    }

    /// The shortest text of a number.
    func text(at index: Int) -> String {
        switch self {
        case .floats(let values): "\(values[index])"
        case .doubles(let values): "\(values[index])"
        case .halves(let values): "\(values[index])"
        case .bfloats(let values): "\(values[index].float)"
        case .integers(let values): "\(values[index])"
        case .int32(let values): "\(values[index])"
        case .int16(let values): "\(values[index])"
        case .int8(let values): "\(values[index])"
        case .uint64(let values): "\(values[index])"
        case .uint32(let values): "\(values[index])"
        case .uint16(let values): "\(values[index])"
        case .uint8(let values): "\(values[index])"
        case .booleans(let values): values[index] ? "1" : "0"
        case .strings: ""
        }
    }
}
