import Compute
import Graph

/// One computation of a program's outputs: the values there are, and the nodes that remain.
struct ProgramRun {
    let program: Program
    let route: Route
    let memory: MemoryUse
    let isCancelled: () -> Bool
    var values: [Tensor?]
    /// Places of the values there are, in the order in which they came.
    var live: [Int] = []
    /// Values from outside, which are the caller's.
    var given: [Bool]
    /// The route's nodes from here on remain, but for those that are done.
    var position = 0
    var done: [Bool] = []
    var doneCount = 0
    /// How many nodes that are still to be computed read each value; counted once.
    private var readers: [Int] = []
    /// What the last segment is kept under.
    var key: PlanStore.Key?
    /// What kept the last search from planning all of it.
    var obstacle: ModelError?

    init(
        _ program: Program,
        _ route: Route,
        memory: MemoryUse,
        isCancelled: @escaping () -> Bool
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

    var remainingCount: Int { route.nodes.count - doneCount }

    /// The first node that remains.
    var next: Int? {
        mutating get {
            while position < route.nodes.count, !done.isEmpty, done[position] { position += 1 }
            return position < route.nodes.count ? route.nodes[position] : nil
        }
    }

    private func results() throws(ModelError) -> [Tensor] {
        var results: [Tensor] = []
        var constantBytes = 0
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
                constantBytes += constant.byteCount
                try memory.require(bytes: constantBytes)
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

    mutating func hold(_ tensor: Tensor, _ place: Int) throws(ModelError) {
        try memory.hold(tensor)
        if values[place] == nil { live.append(place) }
        values[place] = tensor
        given[place] = false
    }
}
