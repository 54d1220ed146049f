import Compute
import Graph
import Synchronization

/// A Loop that runs a few times whatever comes, as the nodes of its iterations.
///
/// They are planned together with what is around them. Values get names of their own in each iteration; constants of the
/// body are the same ones in all.
struct UnrolledLoop {
    private(set) var nodes: [Node] = []
    private(set) var constants: [String: Tensor] = [:]

    /// Nodes of all iterations together that are worth it: more of them are better repeated in one place.
    private static let most = 256

    /// Nil for a node that is no such Loop, or has loops inside of it.
    init?(_ node: Node, in outer: Graph, _ memory: MemoryUse, _ room: UnrollingRoom) {
        func constant(_ index: Int) -> Tensor? {
            index < node.inputs.count ? outer.constants[node.inputs[index]] : nil
        }
        let states = node.inputs.count - 2
        guard node.op == "Loop", case .graph(let whole) = node.attributes["body"],
            states >= 0, whole.inputs.count == node.inputs.count, whole.outputs.count > states,
            let count = constant(0)?.elements.signed?.first, count > 0,
            count <= Self.most / max(1, whole.nodes.count { $0.op != "Constant" }),
            !whole.hasLoops,
            node.inputs[1].isEmpty || constant(1)?.elements.booleans == [true],
            let first = node.outputs.first(where: { !$0.isEmpty })
        else { return nil }
        let body = ConstantFolding.apply(
            to: whole.takingConstants(of: outer),
            memory: memory,
            unrolling: room
        )
        guard count <= Self.most / max(1, body.nodes.count), body.alwaysGoesOn,
            room.take(count * body.nodes.count)
        else { return nil }
        // The condition is not read again where it is left out.
        let go = "\(first)/go"
        constants[go] = Tensor(shape: [], elements: .booleans([true]))
        for (name, value) in body.constants { constants["\(first)/\(name)"] = value }
        var carried = Array(node.inputs.dropFirst(2))
        var stacks: [[String]] = Array(repeating: [], count: body.outputs.count - 1 - states)
        for iteration in 0..<count {
            let prefix = "\(first)/\(iteration)"
            let number = "\(prefix)/iteration"
            constants[number] = Tensor(shape: [], integers: [iteration])
            var names: [String: String] = [:]
            for name in body.constants.keys { names[name] = "\(first)/\(name)" }
            for (input, given) in zip(body.inputs, [number, go] + carried) {
                names[input.name] = given
            }
            for name in body.nodes.flatMap(\.outputs) where !name.isEmpty {
                names[name] = "\(prefix)/\(name)"
            }
            nodes += body.nodes.map { inner in
                var copy = inner.renamed(names)
                copy.name = "\(prefix)/\(inner.name)"
                return copy
            }
            let results = body.outputs.dropFirst().map { names[$0] ?? $0 }
            carried = Array(results.prefix(states))
            for (index, value) in results.dropFirst(states).enumerated() {
                stacks[index].append(value)
            }
        }
        for (index, output) in node.outputs.enumerated() where !output.isEmpty {
            if index < states {
                nodes.append(
                    Node(name: output, op: "Identity", inputs: [carried[index]], outputs: [output])
                )
            } else if index - states < stacks.count {
                stack(stacks[index - states], as: output)
            }
        }
    }

    private mutating func stack(_ values: [String], as output: String) {
        let axes = "\(output)/axes"
        constants[axes] = Tensor(shape: [1], integers: [0])
        var rows: [String] = []
        for (index, value) in values.enumerated() {
            let row = "\(output)/\(index)/row"
            nodes.append(Node(name: row, op: "Unsqueeze", inputs: [value, axes], outputs: [row]))
            rows.append(row)
        }
        nodes.append(
            Node(
                name: output,
                op: "Concat",
                attributes: ["axis": .int(0)],
                inputs: rows,
                outputs: [output]
            )
        )
    }
}

/// How many nodes the loops of a model may still become.
final class UnrollingRoom: Sendable {
    private let left = Atomic(1 << 12)

    func take(_ nodes: Int) -> Bool {
        guard left.subtract(nodes, ordering: .relaxed).newValue < 0 else { return true }
        left.add(nodes, ordering: .relaxed)
        return false
    }
}

extension Graph {
    fileprivate var hasLoops: Bool {
        nodes.contains { node in
            if node.op == "Loop" || node.op == "Scan" { return true }
            for case .graph(let inner) in node.attributes.values where inner.hasLoops {
                return true
            }
            return false
        }
    }

    /// Whether the first output of a Loop's body is true, or what came in.
    fileprivate var alwaysGoesOn: Bool {
        let flag = identities.source(of: outputs[0])
        return flag == inputs[1].name || constants[flag]?.elements.booleans == [true]
    }
}
