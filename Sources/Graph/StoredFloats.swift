/// Numbers that are not kept in memory: each reader makes them anew as float32, all of them or a part.
///
/// Packed weights stand for most of a model's constants; only another packing asks for the numbers again.
package final class StoredFloats: Sendable {
    package typealias Maker = @Sendable (_ part: Range<Int>) throws(ModelError) -> [Float]

    package let count: Int
    /// What a tensor of them is: float32, or a type of 16 bits that holds all of them.
    let type: ElementType
    /// Whether a part costs no more than its share of all.
    package let isDivisible: Bool
    /// Whether the numbers lie in no file: a rule makes them.
    package let isMade: Bool
    /// The integers that the numbers stand for, where they were dequantised.
    let origin: QuantizedNumbers?
    private let make: Maker

    /// `make` returns `count` numbers, the same each time, or says why it cannot.
    package init(count: Int, make: @escaping @Sendable () throws(ModelError) -> [Float]) {
        self.count = count
        type = .float32
        (isDivisible, isMade, origin) = (false, false, nil)
        self.make = { part throws(ModelError) in
            let values = try make()
            precondition(values.count == count, "stored numbers are of another count")
            return part == 0..<count ? values : Array(values[part])
        }
    }

    /// `makePart` returns the numbers of a part, the same each time, or says why it cannot.
    package init(
        count: Int,
        type: ElementType = .float32,
        isMade: Bool = false,
        origin: QuantizedNumbers? = nil,
        makePart: @escaping Maker
    ) {
        self.count = count
        self.origin = origin
        self.type = type
        self.isMade = isMade
        isDivisible = true
        make = makePart
    }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count) { part in
            part == values.indices ? values : Array(values[part])
        }
    }

    /// The same numbers as float32.
    package var widened: StoredFloats {
        type == .float32 ? self : StoredFloats(count: count, isMade: isMade, makePart: make)
    }

    package func scaled(by factor: Float) -> StoredFloats {
        scaled(by: [factor], each: max(count, 1))
    }

    /// Times one factor for each `length` numbers.
    package func scaled(by factors: [Float], each length: Int) -> StoredFloats {
        mapParts { values, first in
            var scaled = values
            var start = 0
            while start < values.count {
                let row = (first + start) / length
                let end = min((row + 1) * length - first, values.count)
                for index in start..<end { scaled[index] *= factors[row] }
                start = end
            }
            return scaled
        }
    }

    /// What `change` makes of each part's numbers, which begin at `first` of them all.
    func mapParts(
        _ change: @escaping @Sendable (_ values: [Float], _ first: Int) -> [Float]
    ) -> StoredFloats {
        guard isDivisible else {
            return StoredFloats(count: count) { () throws(ModelError) in
                change(try self.read(), 0)
            }
        }
        return StoredFloats(count: count) { part throws(ModelError) in
            change(try self.read(part), part.lowerBound)
        }
    }

    /// One of `parts` of the same length, one after the other.
    package func part(_ index: Int, of parts: Int) -> StoredFloats {
        guard parts > 1 else { return self }
        let length = count / parts
        let start = index * length
        guard isDivisible else {
            return StoredFloats(count: length) { () throws(ModelError) in
                try self.read(start..<start + length)
            }
        }
        return StoredFloats(count: length) { part throws(ModelError) in
            try self.read(start + part.lowerBound..<start + part.upperBound)
        }
    }

    package func read() throws(ModelError) -> [Float] {
        try read(0..<count)
    }

    package func read(_ part: Range<Int>) throws(ModelError) -> [Float] {
        let values = try make(part)
        precondition(values.count == part.count, "stored numbers are of another count")
        return values
    }
}

extension StoredFloats: Equatable {
    package static func == (one: StoredFloats, other: StoredFloats) -> Bool { one === other }
}

extension Tensor {
    /// A tensor whose numbers are stored elsewhere.
    package init(shape: Shape, stored: StoredFloats) {
        precondition(stored.count == shape.checkedCount, "elements do not fill their shape")
        self.shape = shape
        storage = .stored(stored)
    }

    /// A tensor of which only the shape matters: zeros that take no memory.
    package init(sized shape: Shape) {
        self.init(
            shape: shape,
            stored: StoredFloats(count: shape.count, isMade: true) { part in
                Array(repeating: 0, count: part.count)
            }
        )
    }

    /// The numbers, if they have to be read first.
    package var stored: StoredFloats? {
        if case .stored(let stored) = storage { stored } else { nil }
    }

    /// The same tensor in memory.
    package func loaded() throws(ModelError) -> Tensor {
        guard case .stored(let stored) = storage else { return self }
        let floats = Elements.floats(try stored.read())
        return Tensor(shape: shape, elements: floats.narrowed(to: stored.type))
    }

    /// The elements in pieces of at most `count` where they are stored and can be read so, else all at once.
    package func forEachPiece(
        of count: Int,
        _ body: (Elements) throws(ModelError) -> Void
    ) throws(ModelError) {
        guard case .stored(let stored) = storage, stored.isDivisible else {
            return try body(try loaded().elements)
        }
        var start = 0
        while start < stored.count {
            let end = min(start + count, stored.count)
            try body(Elements.floats(try stored.read(start..<end)).narrowed(to: stored.type))
            start = end
        }
    }

    /// The elements to be read when they are needed; nil if they are not float32.
    package var storedFloats: StoredFloats? {
        guard type == .float32 else { return nil }
        if case .stored(let stored) = storage { return stored }
        return floats.map { StoredFloats($0) }
    }

    /// What `change` makes of as many float32 numbers, whenever they are read; nil for other numbers.
    package func mapFloats(
        _ shape: Shape,
        _ change: @escaping @Sendable ([Float]) -> [Float]
    ) -> Tensor? {
        guard let stored = storedFloats, stored.count == shape.count else { return nil }
        return Tensor(
            shape: shape,
            stored: StoredFloats(count: stored.count) { () throws(ModelError) in
                change(try stored.read())
            }
        )
    }
}
