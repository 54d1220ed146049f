import Compute
import Graph

extension ProgramRun {
    /// What planning costs grows faster than the number of nodes.
    static let longestStretch = 2048

    /// The segment that begins with what remains, found once for these shapes.
    mutating func segment() -> Segment? {
        guard let first = next else { return nil }
        var sizes: [Int] = []
        sizes.reserveCapacity(8 * live.count)
        for place in live {
            guard let value = values[place] else { continue }
            // Places, types and ranks tell where each value's sizes begin.
            sizes.append(place)
            sizes.append(value.type.ordinal)
            sizes.append(value.shape.rank)
            sizes += value.shape.dimensions
        }
        let key = PlanStore.Key(
            owner: program.owner,
            route: route.number,
            first: first,
            sizes: sizes
        )
        self.key = key
        switch program.tools.plans.value(for: key) {
        case .kept(let known): return known as? Segment
        case .unplanned: return nil
        case .nothing: return program.tools.plans.insert(makeSegment(), for: key) as? Segment
        }
    }

    /// The plan of all that remains; nil where a file's nodes are computed one by one.
    mutating func wholePlan(isKept: Bool) throws(ModelError) -> Plan? {
        live.sort()
        let found = isKept ? segment() : makeSegment()
        if let found, found.nodes.count == route.nodes.count { return found.plan }
        guard program.origin.isLayers else { return nil }
        throw unplanned
    }

    /// Why layers are not planned.
    var unplanned: ModelError {
        mutating get {
            // What is known to have no plan was looked for by another run.
            if obstacle == nil { _ = makeSegment() }
            return obstacle
                ?? .unknownLayer(route.names.first ?? "", available: program.graph.outputs)
        }
    }

    private mutating func makeSegment() -> Segment? {
        var constants = program.graph.constants
        let (stretch, wanted) = stretch()
        let items = OnnxPatterns.apply(
            stretch.map { index in
                OnnxPatterns.Item(
                    node: withoutStates(program.nodes[index].node),
                    covers: [index],
                    reads: program.nodes[index].reads
                )
            },
            constants: &constants,
            wanted: Set(wanted)
        )
        var there: [String: Tensor] = [:]
        for place in live { there[program.places.names[place]] = values[place] }
        var builder = SegmentBuilder(
            items,
            constants: constants,
            live: there,
            tools: program.tools
        )
        let segment = builder.build(wanted: wanted, places: program.places)
        obstacle = builder.firstFailure
        program.note(reasons: builder.reasons)
        if let segment { program.note(segment) }
        return segment
    }

    /// The node without the states of layers that nobody gave: cells begin with zeros then.
    private func withoutStates(_ node: Node) -> Node {
        let states = program.origin.states
        guard !states.isEmpty, node.inputs.contains(where: states.contains) else { return node }
        var node = node
        node.inputs = node.inputs.map { name in
            guard states.contains(name), let place = program.places.value(name),
                values[place] == nil
            else { return name }
            return ""
        }
        return node
    }

    /// The first of the nodes that remain, few enough for one plan, and the values that must be there after them.
    private func stretch() -> (nodes: [Int], wanted: [String]) {
        var nodes: [Int] = []
        var place = position
        let longest = program.origin.isLayers ? Int.max : Self.longestStretch
        while place < route.nodes.count, nodes.count < longest {
            if done.isEmpty || !done[place] { nodes.append(route.nodes[place]) }
            place += 1
        }
        guard nodes.count < remainingCount else { return (nodes, route.names) }
        let last = nodes.last ?? 0
        let wanted = nodes.flatMap { program.nodes[$0].outputs }.compactMap { $0 }.filter {
            route.kept.contains($0) || program.lastReader[$0] > last
        }
        return (nodes, wanted.map { program.places.names[$0] })
    }

    mutating func run(_ segment: Segment) throws(ModelError) {
        try memory.require(bytes: segment.plan.runBytes)
        let isWhole = segment.nodes.count == route.nodes.count
        let shortcut =
            isWhole
            ? key.flatMap { Shortcut(segment, under: $0, from: givenValues, to: route) } : nil
        let results = try segment.run({ values[$0] }, isCancelled: isCancelled)
        for (place, tensor) in results { try hold(tensor, place) }
        if let shortcut { program.remember(shortcut) }
    }

    /// All that is there, which is what the caller gave.
    private var givenValues: [Shortcut.Given] {
        live.compactMap { place in
            values[place].map { tensor in
                Shortcut.Given(
                    name: program.places.names[place],
                    place: place,
                    type: tensor.type,
                    shape: tensor.shape
                )
            }
        }
    }
}
