import Graph

/// What others have to know of an operator's kind.
package struct OperatorTraits: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Its first weights are kernels, one or more for each output channel.
    package static let kernels = OperatorTraits(rawValue: 1)
    /// It goes step by step along a sequence, with a state.
    package static let recurrent = OperatorTraits(rawValue: 2)
    /// It slides windows over the last axes.
    package static let windows = OperatorTraits(rawValue: 4)
    /// Each of its numbers sees the whole input.
    package static let whole = OperatorTraits(rawValue: 8)
    /// Its operands after the first say how it is done: an empty one says nothing, and is no value without elements.
    package static let settings = OperatorTraits(rawValue: 16)
}

/// An operator's declaration: what computes it, and how many inputs and outputs it has in any version.
struct DeclaredOperator: Sendable {
    let type: any Operator.Type
    /// From the inputs that no version leaves out to all that any version knows.
    let inputs: ClosedRange<Int>
    let outputs: ClosedRange<Int>
    /// Names of the weights a layer of model.json brings along, in the order of the inputs after the first.
    let parameters: [String]
    /// Attributes of ours that layers and rewrites alone may set.
    let own: Set<String>
    let traits: OperatorTraits

    init(
        _ type: any Operator.Type,
        takes inputs: ClosedRange<Int>,
        gives outputs: ClosedRange<Int>,
        parameters: [String] = [],
        own: Set<String> = [],
        traits: OperatorTraits = []
    ) {
        self.type = type
        self.inputs = inputs
        self.outputs = outputs
        self.parameters = parameters
        self.own = own
        self.traits = traits
    }

    /// Whether plans compute it, given the right values.
    var isPlanned: Bool { type is any PlannedOperator.Type }

    /// Whether no file can say it.
    var isLayer: Bool { type is any LayerOperator.Type }

    func make(_ node: Node) throws(ModelError) -> any Operator {
        var attributes = AttributeReader(node)
        let made = try type.init(&attributes)
        try attributes.finish()
        return made
    }

    /// - Throws: for a node that no file may have: with other inputs or outputs than declared, or attributes of ours.
    func checkFile(_ node: Node) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard !isLayer else { throw .unsupportedOperator(node: node.name, op: node.op) }
        if let name = own.sorted().first(where: { node.attributes[$0] != nil }) {
            throw fail("\(node.op) has no attribute \(name)")
        }
        guard inputs.contains(node.inputs.count) else {
            throw fail("\(node.op) takes \(Self.text(inputs)) inputs, not \(node.inputs.count)")
        }
        guard outputs.contains(node.outputs.count) else {
            throw fail("\(node.op) has \(Self.text(outputs)) outputs, not \(node.outputs.count)")
        }
        if let absent = node.inputs.prefix(inputs.lowerBound).firstIndex(of: "") {
            throw fail("input \(absent + 1) of \(node.op) must not be left out")
        }
    }

    private static func text(_ range: ClosedRange<Int>) -> String {
        if range.upperBound == .max { return "\(range.lowerBound) or more" }
        return range.count == 1
            ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
}

/// The operators of each family, declared beside them.
enum Families {}

/// Operators by ONNX's name.
package struct OperatorTable: Sendable {
    let operators: [String: DeclaredOperator]

    /// A node of a file: its inputs and outputs are counted.
    ///
    /// - Throws: `unsupportedOperator`, and what is wrong with the node.
    func make(_ node: Node) throws(ModelError) -> any Operator {
        let declared = try declaration(of: node)
        try declared.checkFile(node)
        return try declared.make(node)
    }

    /// A node that plans compute, which rewrites may have given more inputs than its operator has.
    func planned(_ node: Node) throws(ModelError) -> any PlannedOperator {
        guard let made = try declaration(of: node).make(node) as? any PlannedOperator else {
            throw .shape(node: node.name, reason: "no plan computes \(node.op)")
        }
        return made
    }

    private func declaration(of node: Node) throws(ModelError) -> DeclaredOperator {
        guard let declared = operators[node.op] else {
            throw .unsupportedOperator(node: node.name, op: node.op)
        }
        return declared
    }
}

extension PlanBuilder {
    /// Adds the steps of a node.
    mutating func lower(_ node: Node) throws(ModelError) {
        try operators.planned(node).lower(node, into: &self)
    }
}
