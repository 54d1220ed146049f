import Compute
public import Graph

/// Access to a run's inputs while they are filled.
public struct PlanInputs {
    let plan: Plan
    let arena: FloatPosition

    /// Writes a float input, row-major.
    public mutating func withFloats(
        _ name: String,
        _ body: (inout MutableSpan<Float>) throws(ModelError) -> Void
    ) throws(ModelError) {
        let port = try plan.input(named: name)
        try port.require(.float32)
        try port.start(in: arena).withMutableSpan(count: port.count, body)
    }

    /// Writes an input of int64, row-major.
    public mutating func withIntegers(
        _ name: String,
        _ body: (inout MutableSpan<Int>) throws(ModelError) -> Void
    ) throws(ModelError) {
        let port = try plan.input(named: name)
        try port.require(.int64)
        try port.start(in: arena).bytes.withMutableIntegers(count: port.count, body)
    }

    /// Writes a tensor of the input's type and shape.
    public mutating func fill(_ port: Plan.Port, _ tensor: Tensor) throws(ModelError) {
        try port.check(tensor)
        let target = port.start(in: arena).bytes
        switch try tensor.loaded().elements {
        case .floats(let values): target.copy(from: values)
        case .integers(let values): target.copy(from: values)
        case .int32(let values): target.copy(from: values)
        case .booleans(let values): target.copy(from: values)
        case .uint8(let values): target.copy(from: values)
        case .int8(let values): target.copy(from: values)
        default: break
        }
    }
}

/// Access to a run's outputs while they are read.
public struct PlanOutputs {
    let plan: Plan
    let arena: FloatPosition

    /// Reads an output, row-major.
    public func withFloats<Result>(
        _ name: String,
        _ body: (Span<Float>) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let port = try plan.output(named: name)
        try port.require(.float32)
        return try port.start(in: arena).withSpan(count: port.count, body)
    }

    public func shape(of name: String) throws(ModelError) -> Shape {
        try plan.output(named: name).shape
    }

    /// A copy of an output.
    package func tensor(_ port: Plan.Port) -> Tensor {
        let source = port.start(in: arena).bytes
        let count = port.count
        let elements: Tensor.Elements =
            switch port.type {
            case .int64: .integers(source.array(of: Int.self, count: count))
            case .int32: .int32(source.array(of: Int32.self, count: count))
            case .bool: .booleans(source.array(of: Bool.self, count: count))
            case .uint8: .uint8(source.array(of: UInt8.self, count: count))
            case .int8: .int8(source.array(of: Int8.self, count: count))
            default: .floats(source.array(of: Float.self, count: count))
            }
        return Tensor(shape: port.shape, elements: elements)
    }
}

extension Plan.Port {
    /// Where it lies.
    func start(in arena: FloatPosition) -> FloatPosition {
        slot.map { arena.bytes[noted: $0].floats } ?? (constant?.start ?? arena) + offset
    }

    /// - Throws: `inputType` for a tensor of another type or size.
    func check(_ tensor: Tensor) throws(ModelError) {
        try check(tensor.type, tensor.shape)
    }

    /// - Throws: `inputType` for values of another type or number.
    func check(_ type: ElementType, _ shape: Shape) throws(ModelError) {
        guard type == self.type, shape.count == count else {
            throw .inputType(
                name: name,
                expected: "\(self.type.rawValue) \(self.shape)",
                got: "\(type.rawValue) \(shape)"
            )
        }
    }

    /// - Throws: `inputType` unless it holds elements of this type.
    package func require(_ type: ElementType) throws(ModelError) {
        guard type == self.type else {
            throw .inputType(name: name, expected: self.type.rawValue, got: type.rawValue)
        }
    }
}

extension Plan {
    package func input(named name: String) throws(ModelError) -> Port {
        guard let index = Self.index(of: name, in: inputs) else {
            throw .unknownInput(name, available: inputs.map(\.name))
        }
        return inputs[index]
    }

    func output(named name: String) throws(ModelError) -> Port {
        guard let index = Self.index(of: name, in: outputs) else {
            throw .unknownLayer(name, available: outputs.map(\.name))
        }
        return outputs[index]
    }

    private static func index(of name: String, in ports: [Port]) -> Int? {
        // A plain loop: `first(where:)` allocates in a debug build.
        for index in ports.indices where ports[index].name == name { return index }
        return nil
    }
}
