import Graph

extension Tensor.Elements {
    var unsigned: [UInt64]? {
        if case .uint64(let values) = self { values } else { nil }
    }

    var booleans: [Bool]? {
        if case .booleans(let values) = self { values } else { nil }
    }
}
