package import Compute
import Graph

/// Nodes of a graph that one plan computes, with the fast paths and fusions of native models.
final class Segment: Kept {
    /// Places in the program's nodes of everything the plan computes, in order.
    let nodes: [Int]
    let plan: Plan
    /// Where the plan's inputs are among the program's values.
    let inputs: [Int?]
    let outputs: [Int?]
    /// Values that follow from shapes alone.
    let folded: [(place: Int, tensor: Tensor)]
    /// Inputs that are indices into a table, and the table's length.
    let tables: [(name: String, place: Int, count: Int)]
    /// Bytes of weights that no other plan shares.
    private let ownWeights: WeightStore?

    init(
        nodes: [Int],
        plan: Plan,
        folded: [String: Tensor],
        tables: [String: Int],
        ownWeights: WeightStore?,
        places: ValuePlaces
    ) {
        self.nodes = nodes
        self.plan = plan
        self.ownWeights = ownWeights
        inputs = plan.inputs.map { places.value($0.name) }
        outputs = plan.outputs.map { places.value($0.name) }
        self.folded = folded.compactMap { name, tensor in
            places.value(name).map { ($0, tensor) }
        }
        self.tables = tables.sorted { $0.key < $1.key }.compactMap { name, count in
            places.value(name).map { (name, $0, count) }
        }
    }

    var keptBytes: Int {
        plan.keptBytes + (ownWeights?.ownBytes ?? 0)
            + folded.reduce(0) { $0 + $1.tensor.byteCount }
    }

    /// Computes from the values at their places; returns the values there are then.
    func run(
        _ value: (Int) -> Tensor?,
        isCancelled: () -> Bool
    ) throws(ModelError) -> [(place: Int, tensor: Tensor)] {
        let results = try tensors(value, isCancelled: isCancelled)
        return folded
            + zip(outputs, results).compactMap { place, tensor in place.map { ($0, tensor) } }
    }

    /// The plan's outputs, from the values at their places.
    func tensors(
        _ value: (Int) -> Tensor?,
        isCancelled: () -> Bool
    ) throws(ModelError) -> [Tensor] {
        for (name, place, count) in tables {
            let indices = value(place)?.elements.signed ?? []
            for (position, index) in indices.enumerated() where index < -count || index >= count {
                throw .indexOutOfRange(
                    input: name,
                    position: position,
                    index: index,
                    count: count
                )
            }
        }
        return try plan.run(isCancelled: isCancelled) { port in inputs[port].flatMap(value) }
    }
}

/// What plans are made with.
package struct ProgramTools: Sendable {
    let kernels: KernelSet
    let workers: Workers
    let memoryLimit: Int
    let numerics: Numerics
    /// What is kept for shapes, of all models together.
    let plans: PlanStore
    /// Whether steps that compute for seconds are left to definitions, which are polled oftener.
    let limitsSteps: Bool
    /// Packed weights by the names of one graph's constants.
    let weights = WeightStore()
    /// Of all graphs of a model.
    private(set) var unrolling = UnrollingRoom()

    package init(
        kernels: KernelSet,
        workers: Workers,
        memoryLimit: Int,
        numerics: Numerics = .fast,
        plans: PlanStore = PlanStore(),
        limitsSteps: Bool = true
    ) {
        self.kernels = kernels
        self.workers = workers
        self.memoryLimit = memoryLimit
        self.numerics = numerics
        self.plans = plans
        self.limitsSteps = limitsSteps
    }

    /// Elements of the largest value that the memory of a request has room for.
    var largestValue: Int { max(1, memoryLimit / MemoryLayout<Float>.stride) }

    var forAnotherGraph: ProgramTools {
        var tools = ProgramTools(
            kernels: kernels,
            workers: workers,
            memoryLimit: memoryLimit,
            numerics: numerics,
            plans: plans,
            limitsSteps: limitsSteps
        )
        tools.unrolling = unrolling
        return tools
    }
}
