import Graph
import Synchronization

/// What has to be computed for some outputs.
final class Route: Sendable {
    /// Names of its own among its program's.
    let number: Int
    let outputs: [Operand]
    let names: [String]
    /// The nodes that they depend on, in order.
    let nodes: [Int]
    /// Places of outputs that are values.
    let kept: Set<Int>
    /// Places of all values that the nodes read.
    let read: Set<Int>

    init(number: Int, outputs: [Operand], names: [String], nodes: [Int], read: Set<Int>) {
        self.read = read
        (self.number, self.outputs, self.names, self.nodes) = (number, outputs, names, nodes)
        kept = Set(
            outputs.compactMap { operand in
                if case .value(let place) = operand { place } else { nil }
            }
        )
    }
}

extension Program {
    private static let mostRoutes = 256

    /// The way to these outputs, found once.
    ///
    /// - Throws: `unknownLayer`.
    func route(to names: [String]) throws(ModelError) -> Route {
        if let known = routes.withLock({ $0[names] }) { return known }
        var outputs: [Operand] = []
        for name in names {
            guard let operand = places[name], operand != .absent else {
                throw .unknownLayer(name, available: graph.outputs)
            }
            outputs.append(operand)
        }
        let nodes = needed(for: outputs)
        return routes.withLock { routes in
            if routes.count >= Self.mostRoutes { routes = [:] }
            let number = tools.plans.newOwner()
            let made = Route(
                number: number,
                outputs: outputs,
                names: names,
                nodes: nodes,
                read: Set(nodes.flatMap { self.nodes[$0].readValues })
            )
            routes[names] = made
            return made
        }
    }

    /// The nodes that `outputs` depend on, in order.
    private func needed(for outputs: [Operand]) -> [Int] {
        var wanted = [Bool](repeating: false, count: places.names.count)
        for case .value(let place) in outputs { wanted[place] = true }
        return nodes.indices.reversed().filter { index in
            guard nodes[index].outputs.contains(where: { $0.map { wanted[$0] } ?? false }) else {
                return false
            }
            for place in nodes[index].readValues { wanted[place] = true }
            return true
        }.reversed()
    }
}
