import Compute
import Graph

extension PlanBuilder {
    /// Adds a value that has an operand's numbers in other places, and zeros elsewhere: a constant, as the operand is, or what a
    /// step makes of one that is computed.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - index: That of the operand among the node's inputs.
    ///   - name: The value's.
    ///   - shape: The value's.
    ///   - places: Calls its argument with each place and that of its number among the operand's.
    /// - Returns: The value; nil if it is a constant.
    /// - Throws: `shape` for an operand that is no float32.
    @discardableResult
    mutating func rearrange(
        _ node: Node,
        _ index: Int,
        as name: String,
        _ shape: Shape,
        places: @escaping @Sendable (_ body: (_ place: Int, _ source: Int) -> Void) -> Void
    ) throws(ModelError) -> ValueID? {
        let count = shape.count
        if let stored = constant(node, index)?.storedFloats {
            let numbers = StoredFloats(count: count) { () throws(ModelError) in
                let values = try stored.read()
                var result = [Float](repeating: 0, count: count)
                places { result[$0] = values[$1] }
                return result
            }
            graph.constants[name] = Tensor(shape: shape, stored: numbers)
            return nil
        }
        let source = try value(input(node, index), as: .dense)
        let made = try define(name, shape, .dense)
        step(node.name, chunks: 1, reads: [source], writes: [made]) { placement in
            let (from, to) = (placement[source], placement[made])
            return { arena, _ in
                let (values, result) = (from.position(in: arena), to.position(in: arena))
                result.fill(0, count: count)
                places { result[$0] = values[$1] }
            }
        }
        return made
    }
}
