import Graph
import Models

/// Numbers as 8 bytes, little-endian; texts and lists behind their lengths.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number(_ value: Int) {
        for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }

    mutating func list(_ list: [UInt8]) {
        number(list.count)
        bytes += list
    }

    mutating func text(_ text: String) { list(Array(text.utf8)) }

    mutating func floats(_ values: [Float]) {
        list(Tensor(shape: [values.count], floats: values).elements.bytes)
    }

    mutating func carried(_ carried: CarriedState) {
        number(carried.state.position)
        number(carried.unread.map { Int($0) } ?? -1)
        floats(carried.scores)
        number(carried.state.tensors.count)
        for tensor in carried.state.tensors {
            number(tensor.shape.rank)
            for size in tensor.shape.dimensions { number(size) }
            floats(tensor.floats ?? [])
        }
    }
}

/// Reads what a ``ByteWriter`` wrote; nil for anything else.
struct ByteReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { place == bytes.count }

    mutating func number() -> Int? {
        guard let part = take(8) else { return nil }
        let bits = part.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(Int64(bitPattern: bits))
    }

    mutating func list() -> [UInt8]? {
        guard let count = number(), count >= 0 else { return nil }
        return take(count).map { Array($0) }
    }

    mutating func text() -> String? { list().map { String(decoding: $0, as: UTF8.self) } }

    mutating func floats() -> [Float]? {
        guard let bytes = list(), bytes.count % 4 == 0 else { return nil }
        if case .floats(let values) = Tensor.Elements(bytes: bytes, as: .float32) { return values }
        return nil
    }

    mutating func carried() -> CarriedState? {
        guard let position = number(), let unread = number(), position >= 0,
            let scores = floats(), let count = number(), (0...4096).contains(count)
        else { return nil }
        var tensors: [Tensor] = []
        for _ in 0..<count {
            guard let rank = number(), (0...16).contains(rank) else { return nil }
            var sizes: [Int] = []
            for _ in 0..<rank {
                guard let size = number(), size >= 0 else { return nil }
                sizes.append(size)
            }
            let shape = Shape(sizes)
            guard let floats = floats(), shape.checkedCount == floats.count else { return nil }
            tensors.append(Tensor(shape: shape, floats: floats))
        }
        return CarriedState(
            state: SequenceState(tensors: tensors, position: position),
            unread: Int32(exactly: unread).flatMap { $0 >= 0 ? $0 : nil },
            scores: scores
        )
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= bytes.count - place else { return nil }
        defer { place += count }
        return bytes[place..<place + count]
    }
}
