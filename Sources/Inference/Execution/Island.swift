import Compute

/// Nodes of a graph that one plan computes in float32, with the fast paths and fusions of native models.
final class Island: Sendable {
    /// Places in the executor's nodes of everything the plan computes.
    let nodes: Set<Int>
    let plan: Plan
    /// Values that follow from shapes alone.
    let folded: [String: Tensor]
    /// Inputs that are indices into a table, and the table's length.
    private let tables: [String: Int]

    init(nodes: Set<Int>, plan: Plan, folded: [String: Tensor], tables: [String: Int]) {
        self.nodes = nodes
        self.plan = plan
        self.folded = folded
        self.tables = tables
    }

    /// Computes and adds the island's outputs to `values`.
    func run(
        _ values: inout [String: Tensor],
        isCancelled: () -> Bool
    ) throws(ModelError) {
        let inputs = values
        for (name, count) in tables {
            let indices = inputs[name]?.elements.signed ?? []
            for (position, index) in indices.enumerated() where index < -count || index >= count {
                throw .indexOutOfRange(
                    input: name,
                    position: position,
                    index: index,
                    count: count
                )
            }
        }
        let results = try plan.run(inputs, isCancelled: isCancelled)
        for (name, tensor) in results { values[name] = tensor }
        values.merge(folded) { first, _ in first }
    }
}

/// The islands of a graph found so far, by where they begin and the shapes that come in.
struct IslandCache {
    struct Key: Hashable {
        let first: Int
        let outputs: [String]
        let shapes: [String: Shape]
        let types: [String: ElementType]
    }

    private static let most = 64
    private static let mostBytes = 64 << 20
    private var islands: [Key: (island: Island?, lastUse: Int)] = [:]
    private var bytes = 0
    private var clock = 0

    /// An inner nil says that there is no island.
    mutating func island(for key: Key) -> Island?? {
        guard let place = islands.index(forKey: key) else { return .none }
        clock += 1
        islands.values[place].lastUse = clock
        return .some(islands.values[place].island)
    }

    /// Drops those that were not asked for longest.
    mutating func insert(_ island: Island?, for key: Key) {
        clock += 1
        guard islands.updateValue((island, clock), forKey: key) == nil else { return }
        bytes += island?.plan.keptBytes ?? 0
        while islands.count > Self.most || bytes > Self.mostBytes, islands.count > 1,
            let oldest = islands.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            bytes -= oldest.value.island?.plan.keptBytes ?? 0
            islands.removeValue(forKey: oldest.key)
        }
    }
}

/// What plans are made with.
struct IslandTools: Sendable {
    let kernels: KernelSet
    let workers: Workers
    let memoryLimit: Int
    var numerics = Manifest.Numerics.fast
    /// Packed weights by the names of one graph's constants.
    let weights = WeightStore()

    /// Elements of the largest value that the memory of a request has room for.
    var largestValue: Int { max(1, memoryLimit / MemoryLayout<Float>.stride) }

    var forAnotherGraph: IslandTools {
        IslandTools(
            kernels: kernels,
            workers: workers,
            memoryLimit: memoryLimit,
            numerics: numerics
        )
    }
}
