import Graph

extension Node {
    /// A sum or product of a constant and a value, with the constant as the second operand: what plans and fusions look
    /// for.
    func constantLast(_ constants: [String: Tensor]) -> Node {
        guard ["Add", "Mul"].contains(op), inputs.count == 2, constants[inputs[0]] != nil else {
            return self
        }
        var node = self
        node.inputs.swapAt(0, 1)
        return node
    }
}
