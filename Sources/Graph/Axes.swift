/// An axis counted from the front; negative ones count from the back.
package func normalised(_ axis: Int, rank: Int, _ node: Node) throws(ModelError) -> Int {
    guard axis >= -rank, axis < rank else {
        throw .shape(node: node.name, reason: "axis \(axis) does not exist in \(rank) dimensions")
    }
    return axis < 0 ? axis + rank : axis
}
