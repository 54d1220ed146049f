import Compute
import Graph

/// One computation of a program's outputs: the values there are, and the nodes that remain.
struct ProgramRun {
    private let program: Program
    private let route: Route
    private let memory: MemoryUse
    private let isCancelled: () -> Bool
    private var values: [Tensor?]
    /// Places of the values there are, in the order in which they came.
    private var live: [Int] = []
    /// Values from outside, which are the caller's.
    private var given: [Bool]
    /// The route's nodes from here on remain, but for those that are done.
    private var position = 0
    private var done: [Bool] = []
    private var doneCount = 0
    /// How many nodes that are still to be computed read each value; counted once.
    private var readers: [Int] = []
    /// What kept the last search from planning all of it.
    private var failure: ModelError?

    init(
        _ program: Program,
        _ route: Route,
        _ memory: MemoryUse,
        _ isCancelled: @escaping () -> Bool
    ) {
        self.program = program
        self.route = route
        self.memory = memory
        self.isCancelled = isCancelled
        values = Array(repeating: nil, count: program.places.names.count)
        given = Array(repeating: false, count: values.count)
    }

    /// A value from outside.
    mutating func give(_ tensor: Tensor, _ place: Int) {
        if values[place] == nil { live.append(place) }
        values[place] = tensor
        given[place] = true
    }

    /// Everything the route leads to.
    mutating func compute() throws(ModelError) -> [Tensor] {
        // What stands here at the end is the caller's, or nobody's.
        defer {
            for place in live where !given[place] { values[place].map(memory.drop) }
        }
        live.sort()
        var looksForSegment = true
        var search = SegmentSearch()
        while let first = next {
            if isCancelled() { throw .cancelled }
            if looksForSegment, search.isDue(), let segment = search.note(segment()) {
                try run(segment)
                finish(segment.nodes)
                looksForSegment = remainingCount >= Self.longestStretch
                continue
            }
            if program.origin.isLayers { throw unplanned }
            try evaluate(first)
            finish([first])
            // A value that a segment may begin with has just been made.
            looksForSegment = next.map { program.nodes[$0].mayBePlanned } ?? false
        }
        return try results()
    }

    private var remainingCount: Int { route.nodes.count - doneCount }

    /// The first node that remains.
    private var next: Int? {
        mutating get {
            while position < route.nodes.count, !done.isEmpty, done[position] { position += 1 }
            return position < route.nodes.count ? route.nodes[position] : nil
        }
    }

    private func results() throws(ModelError) -> [Tensor] {
        var results: [Tensor] = []
        for (operand, name) in zip(route.outputs, route.names) {
            switch operand {
            case .value(let place):
                guard let value = values[place] else {
                    throw .unknownLayer(name, available: program.graph.outputs)
                }
                results.append(value)
            case .constant(let place):
                let constant = try program.constant(place, memory)
                // Several of them are in memory together.
                try memory.require(bytes: results.reduce(constant.byteCount) { $0 + $1.byteCount })
                results.append(constant)
            case .absent: throw .unknownLayer(name, available: program.graph.outputs)
            }
        }
        return results
    }

    /// Notes what was computed, and lets go of what nobody reads any more.
    private mutating func finish(_ computed: [Int]) {
        guard computed.count < route.nodes.count else {
            position = route.nodes.count
            doneCount = position
            return
        }
        if done.isEmpty { count() }
        doneCount += computed.count
        for index in computed {
            // Nodes of a route are in order.
            if let place = route.nodes.binarySearch(index) { done[place] = true }
            for value in program.nodes[index].readValues { readers[value] -= 1 }
        }
        for index in computed {
            let node = program.nodes[index]
            for place in node.readValues { forget(place) }
            for case let place? in node.outputs { forget(place) }
        }
        live.removeAll { values[$0] == nil }
    }

    private mutating func forget(_ place: Int) {
        guard readers[place] <= 0, !route.kept.contains(place), let value = values[place] else {
            return
        }
        values[place] = nil
        if !given[place] { memory.drop(value) }
    }

    private mutating func count() {
        done = Array(repeating: false, count: route.nodes.count)
        readers = Array(repeating: 0, count: values.count)
        for index in route.nodes {
            for value in program.nodes[index].readValues { readers[value] += 1 }
        }
    }

    private mutating func hold(_ tensor: Tensor, _ place: Int) throws(ModelError) {
        try memory.hold(tensor)
        if values[place] == nil { live.append(place) }
        values[place] = tensor
        given[place] = false
    }
}

// MARK: Segments

extension ProgramRun {
    /// What planning costs grows faster than the number of nodes.
    private static let longestStretch = 2048

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
    private var unplanned: ModelError {
        mutating get {
            // What is known to have no plan was looked for by another run.
            if failure == nil { _ = makeSegment() }
            return failure
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
        failure = builder.firstFailure
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

    private mutating func run(_ segment: Segment) throws(ModelError) {
        try memory.require(bytes: segment.plan.runBytes)
        let results = try segment.run({ values[$0] }, isCancelled: isCancelled)
        for (place, tensor) in results { try hold(tensor, place) }
    }
}

// MARK: Nodes one by one

extension ProgramRun {
    private func value(_ operand: Operand) throws(ModelError) -> Tensor? {
        switch operand {
        case .absent: nil
        case .value(let place): values[place]
        case .constant(let place): try program.constant(place, memory)
        }
    }

    private mutating func evaluate(_ index: Int) throws(ModelError) {
        let prepared = program.nodes[index]
        var tensors: [Tensor?] = []
        for operand in prepared.inputs { tensors.append(try value(operand)) }
        var outer: [[Tensor?]] = []
        for inner in prepared.graphs {
            var captured: [Tensor?] = []
            for operand in inner.captured { captured.append(try value(operand)) }
            outer.append(captured)
        }
        let (memory, isCancelled) = (memory, isCancelled)
        if let repetition = Repetition(prepared, captured: outer, memory, isCancelled),
            let results = try repetition.run(tensors)
        {
            return try keep(results, of: prepared)
        }
        let context = EvaluationContext(memory: memory, isCancelled: isCancelled) {
            [outer] (attribute, given) throws(ModelError) in
            guard let index = prepared.graphs.firstIndex(where: { $0.name == attribute }),
                given.count == prepared.graphs[index].program.graph.inputs.count
            else {
                throw .shape(
                    node: prepared.node.name,
                    reason: "the graph \(attribute) takes other inputs"
                )
            }
            return try prepared.graphs[index].program.run(
                given,
                captured: outer[index],
                memory: memory,
                isCancelled: isCancelled
            )
        }
        let operands = Operands(node: prepared.node, tensors: tensors, context: context)
        let results = try prepared.evaluator.outputs(operands)
        program.note(evaluated: index, operands, results)
        try keep(results, of: prepared)
    }

    private mutating func keep(
        _ results: [Tensor],
        of prepared: PreparedNode
    ) throws(ModelError) {
        for (index, place) in prepared.outputs.enumerated() {
            guard let place else { continue }
            guard index < results.count else {
                throw .shape(
                    node: prepared.node.name,
                    reason: "\(prepared.node.op) has no output \(index)"
                )
            }
            try hold(results[index], place)
        }
    }
}

/// How often a run looks for a segment: a search that finds none looks through all that remains.
private struct SegmentSearch {
    private static let patience = 64
    private var failures = 0
    private var pause = 0

    /// After many searches in vain, each is followed by a pause twice as long.
    mutating func isDue() -> Bool {
        guard pause > 0 else { return true }
        pause -= 1
        return false
    }

    mutating func note(_ segment: Segment?) -> Segment? {
        failures = segment == nil ? failures + 1 : 0
        if failures > Self.patience { pause = 1 << min(failures - Self.patience, 16) }
        return segment
    }
}

extension [Int] {
    /// The index of a number of a list in order.
    fileprivate func binarySearch(_ number: Int) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == number ? low : nil
    }
}
