import Graph

/// The nodes that stand for one.
struct Replacement {
    let node: Node
    var attributes: AttributeReader
    var nodes: [Node] = []
    var constants: [String: Tensor] = [:]
    var names: ExpansionNames
    private let scope: ExpansionScope
    private var passesAttributes = false
    /// The rules by which the nodes are written.
    private static let opset = 22

    init(_ node: Node, scope: ExpansionScope, names: ExpansionNames) {
        self.node = node
        attributes = AttributeReader(node)
        self.scope = scope
        self.names = names
    }

    // MARK: The node

    /// The value of an input; "" where it is left out.
    func input(_ index: Int) -> String {
        index < node.inputs.count ? node.inputs[index] : ""
    }

    func has(_ input: Int) -> Bool { !self.input(input).isEmpty }

    func isWanted(_ output: Int) -> Bool {
        output < node.outputs.count && !node.outputs[output].isEmpty
    }

    func constant(_ value: String) -> Tensor? { scope.constants[value] }

    /// The sizes of a value, those that vary being nil; nil where not even their number is known.
    func shape(_ value: String) -> [Int?]? { scope.shape(value) }

    func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }

    /// All attributes but these, for a node that reads them itself.
    mutating func otherAttributes(_ own: Set<String>) -> [String: Attribute] {
        passesAttributes = true
        return node.attributes.filter { !own.contains($0.key) }
    }

    /// Refuses attributes that nobody read.
    func finish() throws(ModelError) {
        if !passesAttributes { try attributes.finish() }
    }

    // MARK: What stands for it

    /// Adds a node and returns its value, which may be one of the outputs that are replaced.
    @discardableResult
    mutating func add(
        _ op: String,
        _ inputs: [String],
        _ attributes: [String: Attribute] = [:],
        as output: Int? = nil,
        opset: Int = Self.opset
    ) -> String {
        let wanted = output.flatMap { isWanted($0) ? node.outputs[$0] : nil }
        let value = wanted ?? valueName(op)
        append(op, inputs, attributes: attributes, outputs: [value], opset: opset)
        return value
    }

    /// Adds a node of several values.
    mutating func add(
        _ op: String,
        _ inputs: [String],
        _ attributes: [String: Attribute] = [:],
        outputs: Int
    ) -> [String] {
        let values = (0..<outputs).map { _ in valueName(op) }
        append(op, inputs, attributes: attributes, outputs: values, opset: Self.opset)
        return values
    }

    /// Adds a node whose outputs are named already; "" is one that nobody reads.
    mutating func add(
        _ op: String,
        _ inputs: [String],
        _ attributes: [String: Attribute],
        named outputs: [String]
    ) {
        append(op, inputs, attributes: attributes, outputs: outputs, opset: Self.opset)
    }

    /// The value as one of the outputs that are replaced.
    mutating func give(_ value: String, as output: Int) {
        if isWanted(output) { add("Identity", [value], as: output) }
    }

    private mutating func append(
        _ op: String,
        _ inputs: [String],
        attributes: [String: Attribute],
        outputs: [String],
        opset: Int
    ) {
        let isMain = outputs.first == node.outputs.first
        var made = Node(name: isMain ? node.name : names.unique("\(node.name)/\(op)"), op: op)
        made.opset = opset
        made.attributes = attributes
        made.inputs = inputs
        while made.inputs.last == "" { made.inputs.removeLast() }
        made.outputs = outputs
        nodes.append(made)
    }

    private mutating func valueName(_ word: String) -> String {
        names.unique("\(node.layer)/\(word)")
    }

    mutating func constant(_ tensor: Tensor) -> String {
        let name = valueName("constant")
        constants[name] = tensor
        return name
    }

    mutating func integers(_ values: [Int]) -> String {
        constant(Tensor(shape: [values.count], integers: values))
    }

    /// Some of the sizes that a value lists, up to the last if not told otherwise.
    mutating func sizes(_ shape: String, from first: Int, to end: Int = .max) -> String {
        add("Slice", [shape, integers([first]), integers([end]), integers([0])])
    }

    /// A number in the type of another value.
    mutating func number(_ value: Double, like other: String) -> String {
        typed(constant(Tensor(shape: [], floats: [Float(value)])), like: other)
    }

    /// A value of float32 in the type of another value, which is a float.
    mutating func typed(_ value: String, like other: String) -> String {
        names.hasOnlyFloat32 ? value : add("CastLike", [value, other])
    }
}
