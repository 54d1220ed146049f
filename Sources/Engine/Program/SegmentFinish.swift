import Compute
import Graph

extension SegmentBuilder {
    /// The segment of what was chosen.
    mutating func finish(
        wanted: [String],
        _ places: ValuePlaces
    ) throws(ModelError) -> Segment? {
        let made = Set(chosen.flatMap(\.node.outputs)).subtracting([""])
        var needed = Set(wanted)
        for item in items where !covered.isSuperset(of: item.covers) {
            needed.formUnion(item.reads)
        }
        var graph = Graph()
        graph.nodes = chosen.map(\.node)
        graph.constants = constants
        let names = made.intersection(needed).sorted()
        guard !names.isEmpty else { return nil }
        graph.inputs = inputs.values.sorted { $0.name < $1.name }
        let found = self
        let known = KnownValues(shape: found.shape) { found.type($0) ?? found.constants[$0]?.type }
        graph = try Rewrites.apply(to: graph.pruned(for: names), wanted: Set(names), known: known)
        // Weights that follow from shapes are not those of other segments, whatever their names.
        let own = Set(folded.filter { $0.value.type.isFloat }.keys)
        let ownWeights =
            own.isEmpty ? nil : WeightStore(sharing: tools.weights, except: own)
        var builder = PlanBuilder(
            graph: graph,
            operators: Operators.table,
            kernels: tools.kernels,
            weights: ownWeights ?? tools.weights,
            numerics: tools.numerics,
            largest: tools.largestValue
        )
        builder.borrowsPorts = true
        let ids = try builder.lowerAll(inputs: live.mapValues(\.shape))
        if tools.limitsSteps { try builder.checkWork() }
        var ports: [(name: String, id: ValueID)] = []
        for name in names {
            guard let id = builder.id(named: name) else { return nil }
            ports.append((name, try builder.value(id, as: .dense)))
        }
        let plan = try builder.finish(
            inputs: ids,
            outputs: ports,
            memoryLimit: tools.memoryLimit,
            on: tools.workers
        )
        return Segment(
            nodes: covered.sorted(),
            plan: plan,
            folded: folded.filter { needed.contains($0.key) },
            tables: tables,
            ownWeights: ownWeights,
            places: places
        )
    }
}
