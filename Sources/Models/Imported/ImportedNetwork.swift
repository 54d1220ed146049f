import Engine
import Files
import Glibc
import Graph
import Onnx

/// An ONNX file on its way to a model: what it declares, and what is inferred from that.
struct ImportedNetwork {
    private(set) var signature: ModelSignature
    private(set) var states: [StatePair] = []
    private var graph: Graph
    private var symbols: SymbolCandidate?
    /// Whether the states' names or a manifest say what they are, and not only their sizes.
    private var namesStates = true

    init(_ name: String, in files: ModelFiles) throws(ModelError) {
        graph = try OnnxFile.read(name, in: files)
        signature = ModelSignature(graph)
    }

    /// Pairs the states and makes what computes the graph, a Softmax added where scores lack one.
    mutating func program(
        _ written: Manifest?,
        _ tools: ProgramTools
    ) throws(ModelError) -> Program {
        if let pairs = written?.states, !pairs.isEmpty {
            states = try signature.takeStates(pairs)
        } else {
            states = signature.takeStates()
        }
        if states.isEmpty, (written?.task ?? .nextSymbol) == .nextSymbol {
            states = signature.statesBySize()
            namesStates = false
        }
        if (written?.task ?? .nextSymbol) == .nextSymbol {
            symbols = SymbolCandidate(signature, states: states, graph: graph)
        }
        symbols?.complete(&graph)
        return try Program(importing: graph, tools: tools)
    }

    /// How symbols are read, where that is certain; else why a model that looks like it is served as plain tensors.
    ///
    /// - Throws: the same reason, where a manifest says that the model predicts symbols.
    mutating func reading(
        _ written: Manifest?,
        by program: Program
    ) throws(ModelError) -> (SymbolReading?, String) {
        var reason = "no inputs of float32 with outputs of their sizes that continue them"
        if let symbols {
            defer { program.forgetConstants() }
            do throws(UncertainReading) {
                let reading = try symbols.reading(by: program)
                if !namesStates { signature = signature.withOptional(states) }
                if let count = written?.input.symbolCount, count != reading.symbols {
                    throw UncertainReading(
                        reason: "\(reading.symbols) symbols are scored, the vocabulary has \(count)"
                    )
                }
                return (reading, "")
            } catch {
                reason = error.reason
            }
        }
        if !namesStates { states = [] }
        if written?.task == .nextSymbol {
            throw .invalidManifest(
                field: "model.json, task",
                expected: "another than next-symbol: \(reason)",
                got: "next-symbol"
            )
        }
        guard written == nil else { return (nil, "") }
        if looksSequential { return (nil, Self.advice(signature, states, reason)) }
        let isPicture =
            InferredPicture(signature) != nil || ExporterNotes(graph.metadata).task != nil
        return (nil, isPicture ? "" : InferredPicture.advice(signature) ?? "")
    }

    /// Whether indices go through a layer that keeps a state.
    private var looksSequential: Bool {
        let cells: Set = ["RNN", "LSTM", "GRU", "Loop", "Scan"]
        return signature.inputs.contains { [.int64, .int32].contains($0.type) }
            && graph.nodes.contains { cells.contains($0.op) }
    }

    /// What to write so that a model is served as one that predicts symbols.
    private static func advice(
        _ signature: ModelSignature,
        _ states: [StatePair],
        _ reason: String
    ) -> String {
        let tokens = signature.inputs.first { [.int64, .int32].contains($0.type) }?.name ?? ""
        let pairs = states.map { "\"\($0.input)\": \"\($0.output)\"" }
        let shown =
            pairs.isEmpty ? "\"STATE INPUT\": \"ITS OUTPUT\"" : pairs.joined(separator: ", ")
        return "served as plain tensors, though it looks like a model of sequences: \(reason). "
            + "If it predicts symbols, say so in a model.json beside it: "
            + "{\"name\": \"NAME\", \"task\": \"next-symbol\", \"input\": {\"name\": \"\(tokens)\", "
            + "\"vocabulary\": \"vocabulary.json\"}, \"states\": {\(shown)}}"
    }

    /// The manifest beside the file, or the one that follows from the file.
    func manifest(
        _ written: Manifest?,
        name: String,
        _ reading: SymbolReading?
    ) throws(ModelError) -> Manifest {
        guard var manifest = written else {
            return try Manifest(
                name: name,
                version: "1",
                signature: signature,
                graph: graph,
                symbols: reading.flatMap { reading in symbols.map { ($0, reading.symbols) } }
            )
        }
        if manifest.labels.isEmpty, manifest.task.input == .pictures {
            manifest.labels = ExporterNotes(graph.metadata).labels
        }
        if reading != nil, let symbols, manifest.outputs.isEmpty {
            manifest.outputs = [symbols.probabilities]
            manifest.logits = manifest.logits ?? symbols.logits
        } else if manifest.outputs.isEmpty {
            manifest.outputs = signature.outputs.map(\.name)
        }
        return manifest
    }
}
