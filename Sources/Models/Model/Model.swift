public import Compute
public import Engine
import Files
public import FoundationEssentials
import Glibc
public import Graph

/// A model in memory: its graph, its manifest, and the plans made so far.
public final class Model: Sendable {
    public let manifest: Manifest
    /// The model's layers in order, at the manifest's input size (or the one stated in the summary).
    public let layers: [LayerSummary]

    /// Names, types and shapes of what the model takes and answers.
    public let signature: ModelSignature

    /// The layers as the model folder states them.
    public let form: NetworkForm

    /// The arithmetic of the answers: "fast", "precise" or "int8".
    public let numerics: String
    /// What the numbers of a classifier's first output are.
    public let scores: ClassScores

    /// Whether the model came as an ONNX file.
    public let isImported: Bool
    /// Whether there were inputs with expected outputs, which the model then answered as expected.
    public let hasCheckVectors: Bool
    /// What computes the model's graph.
    let program: Program
    let states: [StatePair]
    /// How symbols are read; nil if they are not.
    let reading: SymbolReading?
    /// What a person may want to know of how the model is served; empty if there is nothing to say.
    public let remark: String
    /// The first layer that reads backward: whole sequences only, no state between calls.
    public let backwardLayer: String?
    let memoryLimit: Int
    /// What all computing and answering takes.
    public let workers: Workers

    /// The layers as a graph, before they are made fast.
    public var graph: Graph { program.graph }

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
            tools: Tools(
                kernels: kernels,
                workers: workers,
                memoryLimit: memoryLimit,
                plans: plans
            ),
            verifies: verifies,
            name: name,
            version: version
        )
    }

    /// What a model computes with: kernels, threads, the memory of one computation, and what is kept for shapes.
    struct Tools {
        let kernels: KernelSet
        let workers: Workers
        let memoryLimit: Int
        let plans: PlanStore

        func segment(_ numerics: Numerics, limitsSteps: Bool = true) -> ProgramTools {
            ProgramTools(
                kernels: kernels,
                workers: workers,
                memoryLimit: memoryLimit,
                numerics: numerics,
                plans: plans,
                limitsSteps: limitsSteps
            )
        }
    }

    init(
        files: ModelFiles,
        tools: Tools,
        verifies: Bool = true,
        name: String? = nil,
        version: String? = nil
    ) throws(ModelError) {
        var (manifest, stack, form) = try ModelFolder.read(files)
        manifest.name = name ?? manifest.name
        manifest.version = version ?? manifest.version
        self.form = form
        self.manifest = manifest
        memoryLimit = tools.memoryLimit
        workers = tools.workers
        isImported = false
        program = try Program(
            stack.graph,
            origin: .layers(states: Set(stack.states.map(\.input))),
            tools: tools.segment(manifest.numerics, limitsSteps: false)
        )
        numerics = Self.numerics(manifest.numerics, program.graph)
        scores = manifest.scores ?? ClassScores(of: manifest.outputs, in: program.graph)
        states = stack.states
        reading = SymbolReading(manifest)
        remark = ""
        backwardLayer = stack.backwardLayer
        layers = LayerSummary.summarise(
            stack.listed,
            of: program.graph,
            try program.survey(like: stack.samples(manifest)),
            manifest: manifest
        )
        signature = try ModelSignature(stack, manifest: manifest, of: program)
        hasCheckVectors = verifies && files.exists("check.json")
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
            tools: Tools(
                kernels: kernels,
                workers: workers,
                memoryLimit: memoryLimit,
                plans: plans
            ),
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
        memoryLimit = tools.memoryLimit
        workers = tools.workers
        var imported = try ImportedNetwork(file, in: files)
        try imported.signature.check(memoryLimit: memoryLimit)
        var written: Manifest?
        if !isAlone {
            written = try Manifest(
                besideOnnx: files,
                name: name,
                signature: imported.signature
            )
        }
        isImported = true
        program = try imported.program(written, tools.segment(written?.numerics ?? .fast))
        numerics = Self.numerics(written?.numerics ?? .fast, program.graph)
        (reading, remark) = try imported.reading(written, by: program)
        (states, signature) = (imported.states, imported.signature)
        var manifest = try imported.manifest(written, name: name, reading)
        manifest.name = name
        manifest.version = version ?? manifest.version
        self.manifest = manifest
        scores = manifest.scores ?? ClassScores(of: manifest.outputs, in: program.graph)
        form = NetworkForm(importing: program.graph, manifest, states: states)
        layers = LayerSummary.summarise(
            program.graph.listed,
            of: program.graph,
            try program.survey(
                like: signature.samples(of: manifest, memoryLimit: memoryLimit)
            ),
            manifest: manifest
        )
        backwardLayer = nil
        hasCheckVectors = !isAlone && files.exists("check.json")
        try checkForm()
        if !isAlone { try verify(files) }
    }

    /// Runs the check vectors, if there are any.
    private func verify(_ files: ModelFiles) throws(ModelError) {
        try CheckVectors.read(files)?.run(on: self, isCancelled: files.isLeft)
    }

    /// What was computed by definition instead of by plans so far, and why; slow where it is much.
    public var byDefinition: ByDefinition {
        let report = program.report
        return ByDefinition(
            nodes: report.nodes.map { .init(layer: $0.node, op: $0.op, reason: $0.reason) },
            share: report.share
        )
    }

    /// The plan for inputs of these shapes that answers `outputs`; made once, then shared.
    ///
    /// States of layers that are not named start from zeros.
    /// - Throws: `unknownLayer`, `unknownInput`, `missingInput`, `inputShape`, what layers say of the shapes, and `shape`
    ///   where some of a file's nodes must be computed one by one.
    public func plan(
        inputs: [String: Shape],
        outputs: [String]
    ) throws(ModelError) -> Plan {
        guard let plan = try wholePlan(inputs: inputs, outputs: outputs) else {
            throw .shape(
                node: outputs.joined(separator: ", "),
                reason: "not all that it depends on can be planned: ask for it as tensors"
            )
        }
        return plan
    }

    /// The same, or nil where some of a file's nodes must be computed one by one.
    public func wholePlan(
        inputs: [String: Shape],
        outputs: [String],
        isKept: Bool = true
    ) throws(ModelError) -> Plan? {
        try require(outputs)
        var shapes = inputs
        for port in signature.inputs
        where port.isOptional && inputs[port.name] == nil && !program.mayOmit(port.name) {
            shapes[port.name] = port.zeros.shape
        }
        return try program.plan(inputs: shapes, outputs: outputs, isKept: isKept)
    }

    /// - Throws: `unknownLayer` for an output that no node makes.
    private func require(_ outputs: [String]) throws(ModelError) {
        for name in outputs where !program.makes(name) {
            throw .unknownLayer(name, available: layers.map(\.name))
        }
    }
}
