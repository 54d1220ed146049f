/// A binary tree over symbols, its nodes numbered so that children come before their parents.
public struct Tree: Sendable {
    public enum Node: Sendable, Equatable {
        /// An index into the vocabulary.
        case leaf(Int32)
        case composed(left: Int, right: Int)
    }

    public private(set) var nodes: [Node] = []
    /// 0 of a leaf, else one more than the higher child's.
    public private(set) var heights: [Int] = []

    public init() {}

    /// The node added last.
    public var root: Int { nodes.count - 1 }

    /// Adds a leaf and returns its number.
    public mutating func addLeaf(_ token: Int32) -> Int {
        nodes.append(.leaf(token))
        heights.append(0)
        return root
    }

    /// Adds the parent of two nodes and returns its number.
    public mutating func compose(_ left: Int, _ right: Int) -> Int {
        precondition(left < nodes.count && right < nodes.count, "children come before parents")
        nodes.append(.composed(left: left, right: right))
        heights.append(1 + max(heights[left], heights[right]))
        return root
    }

    /// The numbers of all nodes of each height, the leaves first.
    var levels: [[Int]] {
        var levels = [[Int]](repeating: [], count: 1 + (heights.max() ?? 0))
        for (node, height) in heights.enumerated() { levels[height].append(node) }
        return levels
    }
}
