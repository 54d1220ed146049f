/// What of a model no plan computes.
public struct ByDefinition: Sendable {
    /// A node, and what keeps it from being planned.
    public struct Node: Sendable {
        public let layer: String
        public let op: String
        public let reason: String
    }

    public let nodes: [Node]
    /// Of all multiply–adds of a computation, from 0 to 1.
    public let share: Double

    /// Such as "12 nodes are computed by definition, 87 % of the multiply–adds: Unique (no plan …)"; empty if there are none.
    public var summary: String {
        guard let first = nodes.first else { return "" }
        let count = nodes.count == 1 ? "1 node is" : "\(nodes.count) nodes are"
        let percent = (share * 1000).rounded() / 10
        return "\(count) computed by definition, \(percent) % of the multiply–adds: "
            + "\(first.op) \"\(first.layer)\" because \(first.reason)"
            + (nodes.count > 1 ? ", …" : "")
    }
}
