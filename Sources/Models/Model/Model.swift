public import Compute
public import Engine
import Files
public import Foundation
public import Graph
import Synchronization

/// A model in memory: its graph, its manifest, and the plans made so far.
public final class Model: Sendable {
    public let manifest: Manifest
    /// The model's layers in order, at the manifest's input size (or the one stated in the summary).
    public let layers: [LayerSummary]

    /// Names, types and shapes of what the model takes and answers.
    public let signature: ModelSignature

    /// The layers as the model folder states them.
    public let form: NetworkForm

    let graph: Graph
    /// What computes a model that came as an ONNX file; nil for one of layers.
    let executor: GraphExecutor?
    let states: [StatePair]
    /// How an ONNX file reads symbols; nil if it is not known to.
    let reading: SymbolReading?
    /// What a person may want to know of how the model is served; empty if there is nothing to say.
    public let remark: String
    /// The first layer that reads backward: whole sequences only, no state between calls.
    public let backwardLayer: String?
    private let weights = WeightStore()
    private let kernels: KernelSet
    private let workers: Workers
    let memoryLimit: Int
    private let plans: PlanStore
    private let owner: Int
    /// Numbers for the outputs that were asked for.
    private let routes = Mutex<[[String]: Int]>([:])

    deinit { plans.forget(owner) }

    public var name: String { manifest.name }
    public var version: String { manifest.version }
    public var parameterCount: Int { layers.reduce(0) { $0 + $1.parameters } }
    public var multiplyAdds: Int { layers.reduce(0) { $0 + $1.multiplyAdds } }

    /// Loads a model folder and, unless told otherwise, runs its check vectors.
    ///
    /// `name` and `version` stand for those of the manifest.
    /// - Throws: a `ModelError` that names the file, the field or the layer.
    public convenience init(
        folder: URL,
        kernels: KernelSet,
        workers: Workers,
        memoryLimit: Int = 1 << 30,
        plans: PlanStore = PlanStore(),
        verifies: Bool = true,
        name: String? = nil,
        version: String? = nil
    ) throws(ModelError) {
        try self.init(
            files: ModelFiles(folder),
            tools: (kernels, workers, memoryLimit, plans),
            verifies: verifies,
            name: name,
            version: version
        )
    }

    /// What a model computes with: kernels, threads, the memory of one computation, and what is kept for shapes.
    typealias Tools = (kernels: KernelSet, workers: Workers, memoryLimit: Int, plans: PlanStore)

    init(
        files: ModelFiles,
        tools: Tools,
        verifies: Bool = true,
        name: String? = nil,
        version: String? = nil
    ) throws(ModelError) {
        let (kernels, workers, memoryLimit, plans) = tools
        var (manifest, stack, form) = try ModelFolder.read(files)
        manifest.name = name ?? manifest.name
        manifest.version = version ?? manifest.version
        self.form = form
        self.manifest = manifest
        self.kernels = kernels
        self.workers = workers
        self.memoryLimit = memoryLimit
        self.plans = plans
        owner = plans.newOwner()
        graph = stack.graph
        states = stack.states
        executor = nil
        reading = nil
        remark = ""
        backwardLayer = stack.backwardLayer
        layers = try LayerSummary.summarise(stack, manifest: manifest, kernels: kernels)
        signature = try ModelSignature(stack, manifest: manifest, kernels: kernels)
        try checkTask()
        if verifies { try verify(files) }
    }

    /// Loads an ONNX file; without a manifest it is a model of pictures where that is certain, else of tensors.
    ///
    /// External data must lie in the file's folder. A name has 1 to 255 letters, digits, '.', '_' or '-'. `folder`
    /// holds a model.json, which says what the file cannot: labels, preprocessing, a vocabulary; or check vectors.
    /// - Throws: what is wrong with the file, or `unsupported` with everything that is not supported.
    public convenience init(
        onnx file: URL,
        name: String,
        version: String? = nil,
        folder: URL? = nil,
        kernels: KernelSet,
        workers: Workers,
        memoryLimit: Int = 1 << 30,
        plans: PlanStore = PlanStore()
    ) throws(ModelError) {
        try self.init(
            onnx: file.lastPathComponent,
            files: ModelFiles(folder ?? file.deletingLastPathComponent()),
            tools: (kernels, workers, memoryLimit, plans),
            isAlone: folder == nil,
            name: name,
            version: version
        )
    }

    /// An ONNX file of a folder; one that `isAlone` has no other files but its external data.
    init(
        onnx file: String,
        files: ModelFiles,
        tools: Tools,
        isAlone: Bool,
        name: String,
        version: String?
    ) throws(ModelError) {
        let (kernels, workers, memoryLimit, plans) = tools
        var imported = try ImportedNetwork(file, in: files)
        try imported.signature.check(memoryLimit: memoryLimit)
        var written: Manifest?
        if !isAlone {
            written = try Manifest(besideOnnx: files, signature: imported.signature)
        }
        let executor = try imported.executor(
            written,
            IslandTools(
                kernels: kernels,
                workers: workers,
                memoryLimit: memoryLimit,
                numerics: written?.numerics ?? .fast,
                plans: plans
            )
        )
        (reading, remark) = try imported.reading(written, by: executor)
        (states, signature) = (imported.states, imported.signature)
        var manifest = try imported.manifest(written, name: name, reading)
        manifest.name = name
        manifest.version = version ?? manifest.version
        self.manifest = manifest
        form = NetworkForm(inputName: manifest.input.name, input: [:], layers: [], tree: [:])
        layers = LayerSummary.summarise(executor.graph)
        self.graph = executor.graph
        self.executor = executor
        self.kernels = kernels
        self.workers = workers
        self.memoryLimit = memoryLimit
        self.plans = plans
        owner = plans.newOwner()
        backwardLayer = nil
        if !isAlone { try verify(files) }
    }

    /// Runs the check vectors, if there are any.
    private func verify(_ files: ModelFiles) throws(ModelError) {
        try CheckVectors.read(files)?.run(on: self, isCancelled: files.isLeft)
    }

    /// What was computed by definition instead of by plans so far, and why; slow where it is much.
    public var byDefinition: ByDefinition {
        guard let report = executor?.report else { return ByDefinition(nodes: [], share: 0) }
        return ByDefinition(
            nodes: report.nodes.map { .init(layer: $0.node, op: $0.op, reason: $0.reason) },
            share: report.share
        )
    }

    /// Whether the model came as an ONNX file.
    public var isImported: Bool { executor != nil }

    /// The plan for inputs of these shapes that answers `outputs`; made once, then shared.
    ///
    /// State inputs that are not named start from zeros.
    /// - Throws: `unknownLayer`, `unknownInput`, `inputShape`, and what layers say of the shapes.
    public func plan(
        inputs: [String: Shape],
        outputs: [String]
    ) throws(ModelError) -> Plan {
        if let executor { return try importedPlan(executor, inputs: inputs, outputs: outputs) }
        let key = key(inputs, outputs)
        if let known = plans.value(for: key) as? Plan { return known }
        let made = try makePlan(inputs: inputs, outputs: outputs)
        return plans.insert(made, for: key) as? Plan ?? made
    }

    private func key(_ inputs: [String: Shape], _ outputs: [String]) -> PlanStore.Key {
        let route = routes.withLock { routes in
            if let known = routes[outputs] { return known }
            if routes.count >= Self.mostRoutes { routes = [:] }
            let made = plans.newOwner()
            routes[outputs] = made
            return made
        }
        var sizes: [Int] = []
        for (name, shape) in inputs.sorted(by: { $0.key < $1.key }) {
            sizes.append(graph.inputs.firstIndex { $0.name == name } ?? -1)
            sizes.append(shape.rank)
            sizes += shape.dimensions
        }
        return PlanStore.Key(owner: owner, route: route, sizes: sizes)
    }

    private static let mostRoutes = 256

    /// - Throws: `unknownLayer` for an output that no node of `graph` makes.
    func require(_ outputs: [String], of graph: Graph) throws(ModelError) {
        for name in outputs where name.isEmpty || graph.producer(of: name) == nil {
            throw .unknownLayer(name, available: layers.map(\.name))
        }
    }

    /// A plan that nobody keeps.
    func makePlan(
        inputs: [String: Shape],
        outputs: [String]
    ) throws(ModelError) -> Plan {
        try require(outputs, of: graph)
        for name in inputs.keys.sorted() where !graph.inputs.contains(where: { $0.name == name }) {
            throw .unknownInput(name, available: graph.inputs.map(\.name))
        }
        var pruned = graph.pruned(for: outputs)
        dropStates(from: &pruned, given: inputs)
        pruned = try Rewrites.apply(to: pruned, wanted: Set(outputs))
        var builder = PlanBuilder(
            graph: pruned,
            kernels: kernels,
            weights: weights,
            numerics: manifest.numerics,
            largest: max(1, memoryLimit / MemoryLayout<Float>.stride)
        )
        let ids = try builder.lowerAll(inputs: inputs)
        var ports: [(name: String, id: ValueID)] = []
        for name in outputs {
            guard let id = builder.id(named: name) else {
                throw .unknownLayer(name, available: layers.map(\.name))
            }
            ports.append((name, try builder.value(id, as: .dense)))
        }
        return try builder.finish(
            inputs: ids,
            outputs: ports,
            memoryLimit: memoryLimit,
            on: workers
        )
    }

    /// States nobody gives are zeros: the cells run without an initial state.
    private func dropStates(from graph: inout Graph, given inputs: [String: Shape]) {
        let dropped = Set(states.map(\.input).filter { inputs[$0] == nil })
        graph.inputs.removeAll { dropped.contains($0.name) }
        for index in graph.nodes.indices {
            graph.nodes[index].inputs = graph.nodes[index].inputs.map {
                dropped.contains($0) ? "" : $0
            }
        }
    }
}
