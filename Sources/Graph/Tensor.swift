/// Numbers, truth values or texts in a shape, row-major: a graph's constants, a model's inputs and outputs.
public struct Tensor: Sendable, Equatable {
    public enum Elements: Sendable, Equatable {
        /// float32.
        case floats([Float])
        /// float64.
        case doubles([Double])
        /// float16.
        case halves([Float16])
        case bfloats([BFloat16])
        /// int64.
        case integers([Int])
        case int32([Int32])
        case int16([Int16])
        case int8([Int8])
        case uint64([UInt64])
        case uint32([UInt32])
        case uint16([UInt16])
        case uint8([UInt8])
        case booleans([Bool])
        /// The bytes of each text.
        case strings([[UInt8]])
    }

    package enum Storage: Sendable, Equatable {
        case elements(Elements)
        case stored(StoredFloats)
        case small(SmallIntegers)
    }

    public var shape: Shape
    package var storage: Storage

    /// Stored numbers are read each time; those that cannot be read are NaN, so that no result looks like one.
    ///
    /// Who can throw calls `loaded` first.
    public var elements: Elements {
        switch storage {
        case .elements(let elements): elements
        case .stored(let stored):
            Elements.floats((try? stored.read()) ?? Array(repeating: .nan, count: stored.count))
                .narrowed(to: stored.type)
        case .small(let small): small.elements
        }
    }

    /// As many elements as the shape says.
    public init(shape: Shape, elements: Elements) {
        precondition(elements.count == shape.checkedCount, "elements do not fill their shape")
        self.shape = shape
        storage = .elements(elements)
    }

    public init(shape: Shape, floats: [Float]) {
        self.shape = shape
        storage = .elements(.floats(floats))
    }

    public init(shape: Shape, integers: [Int]) {
        self.shape = shape
        storage = .elements(.integers(integers))
    }

    public var type: ElementType {
        switch storage {
        case .elements(let elements): elements.type
        case .stored(let stored): stored.type
        case .small(let small): small.type
        }
    }

    public var count: Int {
        switch storage {
        case .elements(let elements): elements.count
        case .stored(let stored): stored.count
        case .small(let small): small.count
        }
    }

    /// The elements if they are float32 and can be read.
    public var floats: [Float]? {
        switch storage {
        case .elements(.floats(let values)): values
        case .elements, .small: nil
        case .stored(let stored): stored.type == .float32 ? try? stored.read() : nil
        }
    }

    /// The elements if they are int64.
    public var integers: [Int]? {
        if case .elements(.integers(let values)) = storage { values } else { nil }
    }
}

extension Tensor.Elements {
    public var type: ElementType {
        switch self {
        case .floats: .float32
        case .doubles: .float64
        case .halves: .float16
        case .bfloats: .bfloat16
        case .integers: .int64
        case .int32: .int32
        case .int16: .int16
        case .int8: .int8
        case .uint64: .uint64
        case .uint32: .uint32
        case .uint16: .uint16
        case .uint8: .uint8
        case .booleans: .bool
        case .strings: .string
        }
    }

    /// Bytes of the elements one after the other; of a text, four for its length come first.
    public var byteCount: Int {
        if case .strings(let texts) = self { return texts.reduce(0) { $0 + 4 + $1.count } }
        return count * (type.byteCount ?? 0)
    }

    public var count: Int {
        switch self {
        case .floats(let values): values.count
        case .doubles(let values): values.count
        case .halves(let values): values.count
        case .bfloats(let values): values.count
        case .integers(let values): values.count
        case .int32(let values): values.count
        case .int16(let values): values.count
        case .int8(let values): values.count
        case .uint64(let values): values.count
        case .uint32(let values): values.count
        case .uint16(let values): values.count
        case .uint8(let values): values.count
        case .booleans(let values): values.count
        case .strings(let values): values.count
        }
    }
}
