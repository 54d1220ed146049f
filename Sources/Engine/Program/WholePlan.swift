import Compute
package import Graph

extension Program {
    /// One plan for all that `outputs` depend on, for inputs of these shapes: made once, then shared, unless it is not
    /// to be kept.
    ///
    /// Nil where some of a file's nodes are computed one by one.
    /// - Throws: `unknownLayer`, `unknownInput`, `missingInput`, `inputShape`, and for layers what keeps them from being
    ///   planned.
    package func plan(
        inputs: [String: Shape],
        outputs: [String],
        isKept: Bool = true
    ) throws(ModelError) -> Plan? {
        let route = try route(to: outputs)
        let sizes = try checked(inputs, for: route)
        if isKept, let first = route.nodes.first {
            let key = PlanStore.Key(owner: owner, route: route.number, first: first, sizes: sizes)
            if case .kept(let kept) = tools.plans.value(for: key), let known = kept as? Segment,
                known.nodes.count == route.nodes.count
            {
                return known.plan
            }
        }
        var run = ProgramRun(
            self,
            route,
            memory: MemoryUse(limit: tools.memoryLimit, ledger: tools.workers.memory),
            isCancelled: { false }
        )
        for input in graph.inputs {
            guard let shape = inputs[input.name], let place = places.value(input.name) else {
                continue
            }
            let type = input.type
            run.give(
                type == .float32
                    ? Tensor(sized: shape)
                    : Tensor(shape: shape, elements: .zeros(shape.count, type)),
                place
            )
        }
        return try run.wholePlan(isKept: isKept)
    }

    /// Whether an input may be left out, and is zeros then.
    package func mayOmit(_ input: String) -> Bool { origin.states.contains(input) }

    /// Whether a node makes a value of this name.
    package func makes(_ value: String) -> Bool {
        places.value(value).map { $0 >= graph.inputs.count } ?? false
    }

    /// The places, types and sizes of inputs, as they are told apart.
    func checked(
        _ inputs: [String: Shape],
        for route: Route
    ) throws(ModelError) -> [Int] {
        let names = graph.inputs.map(\.name)
        if let unknown = inputs.keys.sorted().first(where: { !names.contains($0) }) {
            throw .unknownInput(unknown, available: names)
        }
        var sizes: [Int] = []
        for (input, place) in zip(graph.inputs, self.inputs) {
            guard let place else { continue }
            guard let shape = inputs[input.name] else {
                if mayOmit(input.name) || !route.read.contains(place) { continue }
                throw .missingInput(name: input.name, expected: input.expected)
            }
            let fits =
                input.hasAnyRank
                || shape.rank == input.dimensions.count
                    && zip(shape.dimensions, input.dimensions).allSatisfy {
                        $0 >= 1 && $1 ?? $0 == $0
                    }
            guard fits else {
                throw .inputShape(name: input.name, expected: input.expected, got: shape)
            }
            sizes.append(place)
            sizes.append(input.type.ordinal)
            sizes.append(shape.rank)
            sizes += shape.dimensions
        }
        return sizes
    }
}

extension Graph.Input {
    fileprivate var expected: String {
        "[" + dimensions.map { $0.map(String.init) ?? "any" }.joined(separator: ", ") + "]"
    }
}
