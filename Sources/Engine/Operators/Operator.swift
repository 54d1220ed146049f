package import Graph

/// One operator of ONNX or of our own domain: pure, immutable, attributes read once.
package protocol Operator: Sendable {
    static var name: String { get }

    /// Names of the weights a layer of model.json brings along, in the order of the inputs after the first.
    static var parameters: [String] { get }

    /// Reads every attribute with the specification's defaults; what is not supported throws.
    init(_ attributes: inout AttributeReader) throws(ModelError)

    /// Infers the outputs' shapes and adds the steps that compute them.
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError)
}

extension Operator {
    static var parameters: [String] { [] }
}

/// An operator without attributes.
protocol PlainOperator: Operator {
    init()
}

extension PlainOperator {
    init(_ attributes: inout AttributeReader) throws(ModelError) { self.init() }
}

/// Every operator by name; an operator is added in its family's file.
package enum Operators {
    package static let all: [String: any Operator.Type] = {
        let families: [[any Operator.Type]] = [
            Convolutions.operators, Pooling.operators, ChannelPooling.operators,
            Activations.operators, Softmaxes.operators, Products.operators,
            Elementwise.operators, Reshaping.operators, Normalization.operators,
            Recurrence.operators, Symbols.operators, AxisReductions.operators,
            BackwardConvolutions.operators, Imported.operators, RowNormalizations.operators,
            Conditions.operators, TypeConversion.operators, Gathering.operators,
            Ranking.operators, Triangles.operators, EinsteinSums.operators,
        ]
        return Dictionary(uniqueKeysWithValues: families.joined().map { ($0.name, $0) })
    }()

    package static func make(_ node: Node) throws(ModelError) -> any Operator {
        guard let type = all[node.op] else {
            throw .unsupportedOperator(node: node.name, op: node.op)
        }
        var attributes = AttributeReader(node)
        let made = try type.init(&attributes)
        try attributes.finish()
        return made
    }
}
