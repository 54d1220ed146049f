import Graph

/// What one evaluation is given: its inputs, and the bounds it has to keep.
struct Operands {
    let node: Node
    let tensors: [Tensor?]
    let context: EvaluationContext

    func callAsFunction(_ index: Int) throws(ModelError) -> Tensor {
        guard let tensor = optional(index) else {
            throw fail("input \(index + 1) of \(node.op) is missing")
        }
        return tensor
    }

    /// Input `index`, or nil if the node leaves it out.
    func optional(_ index: Int) -> Tensor? {
        index < tensors.count ? tensors[index] : nil
    }

    /// A list of integers such as axes, sizes or pads, none so large that sums of a few of them overflow.
    func integers(_ index: Int) throws(ModelError) -> [Int] {
        let values = try anyIntegers(index)
        if let wrong = values.first(where: { !AttributeReader.usual.contains($0) }) {
            throw fail("input \(index + 1) of \(node.op) holds \(wrong), which is out of range")
        }
        return values
    }

    /// A list of integers that may have any value.
    func anyIntegers(_ index: Int) throws(ModelError) -> [Int] {
        let tensor = try self(index)
        guard let values = tensor.elements.signed else {
            throw fail(
                "input \(index + 1) of \(node.op) must be integers, it is \(tensor.type.rawValue)"
            )
        }
        return values
    }

    func optionalIntegers(_ index: Int) throws(ModelError) -> [Int]? {
        optional(index) == nil ? nil : try integers(index)
    }

    /// The one integer of an input that may be left out.
    func optionalInteger(_ index: Int) throws(ModelError) -> Int? {
        guard optional(index) != nil else { return nil }
        let values = try anyIntegers(index)
        guard values.count == 1 else {
            throw fail("input \(index + 1) of \(node.op) must be one integer, not \(values.count)")
        }
        return values[0]
    }

    func isWanted(_ output: Int) -> Bool {
        output < node.outputs.count && !node.outputs[output].isEmpty
    }

    func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }

    /// An axis counted from the front.
    func axis(_ axis: Int, rank: Int) throws(ModelError) -> Int {
        try normalised(axis, rank: rank, node)
    }

    /// Axes counted from the front, none of them twice.
    func axes(_ axes: [Int], rank: Int) throws(ModelError) -> [Int] {
        guard axes.count <= rank else {
            throw fail("\(axes.count) axes are named, there are \(rank)")
        }
        var result: [Int] = []
        for axis in axes {
            let place = try self.axis(axis, rank: rank)
            guard !result.contains(place) else { throw fail("axis \(axis) is named twice") }
            result.append(place)
        }
        return result
    }

    /// Elements of a result, before memory is taken for it.
    func count(_ shape: [Int]) throws(ModelError) -> Int {
        guard let count = Shape(shape).checkedCount else {
            throw fail("a value of shape \(Shape(shape)) is too large")
        }
        try context.memory.require(elements: count)
        return count
    }

    /// Refuses to go on once the request is no longer wanted.
    func poll() throws(ModelError) {
        if context.isCancelled() { throw .cancelled }
    }

    /// The same from time to time, for loops over single elements.
    @inline(__always)
    func poll(at index: Int) throws(ModelError) {
        if index & 0xFFFF == 0xFFFF { try poll() }
    }
}

/// The bounds of an evaluation, and how graphs inside of nodes are run.
struct EvaluationContext {
    let memory: MemoryUse
    let isCancelled: () -> Bool
    /// Runs the graph of one of the node's attributes.
    let run: (_ attribute: String, _ inputs: [Tensor]) throws(ModelError) -> [Tensor]

    /// For nodes without graphs, such as constants.
    static func folding(memoryLimit: Int) -> EvaluationContext {
        EvaluationContext(memory: MemoryUse(limit: memoryLimit), isCancelled: { false }) {
            (_, _) throws(ModelError) in
            throw .shape(node: "", reason: "a graph is not a constant")
        }
    }
}

extension Operands {
    /// The numbers of an input of floats.
    func floats(_ index: Int) throws(ModelError) -> [Double] {
        let tensor = try self(index)
        guard tensor.type.isFloat, let values = tensor.elements.doubles else {
            throw fail("input \(index) of \(node.op) must be floats, it is \(tensor.type.rawValue)")
        }
        return values
    }

    /// The numbers of an input of any type but texts.
    func numbers(_ index: Int) throws(ModelError) -> Numbers {
        let tensor = try self(index)
        guard let numbers = tensor.elements.numbers else { throw unfit(tensor.type) }
        return numbers
    }

    func unfit(_ type: ElementType) -> ModelError {
        fail("\(node.op) does not take \(type.rawValue)")
    }

    /// A result of floats, or of integers that doubles hold exactly.
    func result(
        _ shape: [Int],
        _ values: [Double],
        _ type: ElementType
    ) throws(ModelError) -> Tensor {
        if let elements = Tensor.Elements(values, as: type) {
            return try filled(shape, elements)
        }
        return try result(shape, values.map { Int(saturating: $0) }, type)
    }

    func result(
        _ shape: [Int],
        _ values: [Int],
        _ type: ElementType
    ) throws(ModelError) -> Tensor {
        guard let elements = Tensor.Elements(values, as: type) else { throw unfit(type) }
        return try filled(shape, elements)
    }

    /// An operator that miscounts for a strange shape fails alone, and takes no server with it.
    private func filled(
        _ shape: [Int],
        _ elements: Tensor.Elements
    ) throws(ModelError) -> Tensor {
        let shape = Shape(shape)
        guard shape.checkedCount == elements.count else {
            throw fail("\(node.op) made \(elements.count) elements for the shape \(shape)")
        }
        return Tensor(shape: shape, elements: elements)
    }
}
