/// An index with its probability.
struct Ranked: Sendable, Equatable {
    let index: Int
    let probability: Float
}

/// The `count` largest values, the largest first; equal ones in the order of their indices.
func ranking(of values: Span<Float>, count: Int) -> [Ranked] {
    var best: [Ranked] = []
    best.reserveCapacity(min(count, values.count) + 1)
    for index in values.indices {
        let value = values[index]
        if best.count == count, let last = best.last, !(value > last.probability) { continue }
        let place = best.firstIndex { value > $0.probability } ?? best.count
        best.insert(Ranked(index: index, probability: value), at: place)
        if best.count > count { best.removeLast() }
    }
    return best
}
