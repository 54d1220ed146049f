import Compute

/// Float32 numbers that are not kept in memory: each reader makes them anew.
///
/// Packed weights stand for most of a model's constants; only another packing asks for the numbers again.
final class StoredFloats: Sendable {
    let count: Int
    private let make: @Sendable () throws(ModelError) -> [Float]

    /// `make` returns `count` numbers, the same each time, or says why it cannot.
    init(count: Int, make: @escaping @Sendable () throws(ModelError) -> [Float]) {
        self.count = count
        self.make = make
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count) { values }
    }

    func scaled(by factor: Float) -> StoredFloats {
        StoredFloats(count: count) { () throws(ModelError) in
            try self.read().map { $0 * factor }
        }
    }

    /// One of `parts` of the same length, one after the other.
    func part(_ index: Int, of parts: Int) -> StoredFloats {
        guard parts > 1 else { return self }
        let length = count / parts
        return StoredFloats(count: length) { () throws(ModelError) in
            Array(try self.read()[index * length..<(index + 1) * length])
        }
    }

    func read() throws(ModelError) -> [Float] {
        let values = try make()
        precondition(values.count == count, "stored numbers are of another count")
        return values
    }
}

extension StoredFloats: Equatable {
    static func == (one: StoredFloats, other: StoredFloats) -> Bool { one === other }
}

extension Tensor {
    /// A float32 tensor whose numbers are stored elsewhere.
    init(shape: Shape, stored: StoredFloats) {
        precondition(stored.count == shape.checkedCount, "elements do not fill their shape")
        self.shape = shape
        storage = .stored(stored)
    }

    /// Whether the numbers have to be read before they can be used.
    var isStored: Bool {
        if case .stored = storage { true } else { false }
    }

    /// The same tensor in memory.
    func loaded() throws(ModelError) -> Tensor {
        guard case .stored(let stored) = storage else { return self }
        return Tensor(shape: shape, floats: try stored.read())
    }

    /// The elements to be read when they are needed; nil if they are not float32.
    var storedFloats: StoredFloats? {
        if case .stored(let stored) = storage { return stored }
        return floats.map { StoredFloats($0) }
    }

    /// What `change` makes of as many float32 numbers: at once, or where they are stored, whenever they are read.
    func mapFloats(
        _ shape: Shape,
        _ change: @escaping @Sendable ([Float]) -> [Float]
    ) -> Tensor? {
        if case .stored(let stored) = storage {
            let made = StoredFloats(count: shape.count) { () throws(ModelError) in
                change(try stored.read())
            }
            return Tensor(shape: shape, stored: made)
        }
        return floats.map { Tensor(shape: shape, floats: change($0)) }
    }
}
