public import Compute
import Engine
public import FoundationEssentials
import Glibc
public import Graph
import Onnx

/// Post-training quantisation of a network to 8 bits, by inputs that are like those it will get.
///
/// Convolutions and connected layers get weights of int8 with a scale for each output; what they read, and what lies
/// between them, uint8 with steps that fit what the inputs made of it (Jacob and others, Quantization and Training of
/// Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018). LSTMs get weights of int8 and round their rows
/// while they run. What is written is ONNX: QuantizeLinear and DequantizeLinear around operators that stay as they are.
public struct Quantiser {
    /// An input that is like those to come, and what the network should say of it.
    public struct Example: Sendable {
        public let inputs: [String: Tensor]
        public let label: Int?

        public init(inputs: [String: Tensor], label: Int? = nil) {
            self.inputs = inputs
            self.label = label
        }
    }

    /// What to look out for, and what is told meanwhile.
    public struct Settings {
        /// The share of labelled examples, or of the outputs' size, that may be lost; nil quantises all that can be.
        public var mostLoss: Double?
        /// Called with the work done and the work there is.
        public var progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }

        public init() {}
    }

    private let graph: Graph
    private let tools: ProgramTools
    private let output: String

    /// `graph` as a file or model.json says it.
    ///
    /// - Throws: what of it ONNX cannot say, or that nothing in it can be quantised.
    public init(_ graph: Graph, workers: Workers, kernels: KernelSet) throws(ModelError) {
        self.graph = try OnnxForm.make(graph)
        tools = ProgramTools(kernels: kernels, workers: workers, memoryLimit: 8 << 30)
        guard let output = graph.outputs.first else {
            throw .file(name: "the network", reason: "has no output")
        }
        self.output = output
        guard
            self.graph.nodes.contains(where: { self.graph.isIntegerLayer($0) })
                || self.graph.nodes.contains(where: self.graph.isIntegerCell)
        else {
            throw .file(
                name: "the network",
                reason: "has no layer with constant weights of float32 to quantise"
            )
        }
    }

    /// An ONNX file.
    public init(onnx file: URL, workers: Workers, kernels: KernelSet) throws(ModelError) {
        try self.init(OnnxFile.read(file), workers: workers, kernels: kernels)
    }

    /// Measures `calibration`, quantises, and compares the two networks on `examples`.
    public func run(
        calibration: [Example],
        examples: [Example],
        settings: Settings
    ) throws(ModelError) -> QuantisedNetwork {
        guard let first = calibration.first, !examples.isEmpty else {
            throw .file(name: "the network", reason: "is given no inputs to measure")
        }
        let program = try Program(importing: graph, tools: tools)
        let shapes = try shapes(program, first)
        let all = IntegerValues(graph, shapes: shapes, except: [])
        var work = Work(total: 2 * calibration.count + 2 * examples.count, settings.progress)
        let measured = Measured(
            shapes: shapes,
            all: all,
            steps: try steps(of: all, by: program, calibration, &work)
        )
        let layers =
            all.layers.map { graph.nodes[$0].layer }
            + graph.nodes.filter(graph.isIntegerCell).map(\.layer)
        let reference = try answers(of: program, layers, examples, &work)
        var kept: Set<String> = []
        while true {
            let quantised = try quantised(measured, except: kept)
            let made = try Program(importing: quantised, tools: tools)
            let answers = try answers(of: made, layers, examples, &work)
            let result = QuantisedNetwork(
                graph: quantised,
                before: reference.score,
                after: answers.score,
                outputError: answers.error(from: reference, output),
                layers: layers.map {
                    .init(
                        name: $0,
                        error: answers.error(from: reference, $0),
                        isKept: kept.contains($0)
                    )
                },
                others: graph.nodes.filter { ["RNN", "GRU"].contains($0.op) }
                    .map { ($0.layer, $0.op) }
            )
            // The layer whose own rounding changes the answers most goes back to float32.
            guard let most = settings.mostLoss, result.loss > most,
                let worst = try mostDisturbing(result, measured, from: reference, examples)
            else { return result }
            kept.insert(worst)
            work.extend(by: examples.count)
        }
    }

    /// With the sizes of outputs that model.json does not say: others ask for them.
    private func describingOutputs(of graph: Graph, _ shapes: [String: Shape]) -> Graph {
        guard graph.outputInfo.isEmpty else { return graph }
        var graph = graph
        let isFixed = graph.inputs.allSatisfy { !$0.dimensions.dropFirst().contains(nil) }
        graph.outputInfo = graph.outputs.compactMap { name in
            shapes[name].map { shape in
                Graph.Input(
                    name: name,
                    type: .float32,
                    dimensions: shape.dimensions.enumerated().map { axis, size in
                        isFixed && axis > 0 ? size : nil
                    }
                )
            }
        }
        return graph
    }

    // MARK: Measuring

    /// What inputs made of the network.
    private struct Measured {
        let shapes: [String: Shape]
        /// All that can be integers, and the steps of its groups.
        let all: IntegerValues
        let steps: [String: ValueSteps]
    }

    private struct Work {
        private var done = 0
        private var total: Int
        private let report: (Int, Int) -> Void

        init(total: Int, _ report: @escaping (Int, Int) -> Void) {
            self.total = max(1, total)
            self.report = report
        }

        mutating func step() {
            done += 1
            report(done, total)
        }

        mutating func extend(by count: Int) { total += count }
    }

    /// Shapes of all values of float32 that a run makes.
    private func shapes(
        _ program: Program,
        _ example: Example
    ) throws(ModelError) -> [String: Shape] {
        let names = graph.inputs.map(\.name) + graph.valueNames.filter(program.makes)
        var shapes: [String: Shape] = [:]
        for (name, tensor) in zip(names, try run(program, example, names))
        where tensor.type == .float32 {
            shapes[name] = tensor.shape
        }
        return shapes
    }

    private func run(
        _ program: Program,
        _ example: Example,
        _ names: [String]
    ) throws(ModelError) -> [Tensor] {
        let computed = names.filter { example.inputs[$0] == nil }
        let results = try program.run(example.inputs, outputs: computed, isCancelled: { false })
        let values = Dictionary(uniqueKeysWithValues: zip(computed, results))
        return names.compactMap { values[$0] ?? example.inputs[$0] }
    }

    /// The steps of every group of values.
    private func steps(
        of values: IntegerValues,
        by program: Program,
        _ calibration: [Example],
        _ work: inout Work
    ) throws(ModelError) -> [String: ValueSteps] {
        let names = values.values.filter { !values.isMoved($0) }.sorted()
        var ranges: [String: ValueRange] = [:]
        for pass in 0..<2 {
            for example in calibration {
                for (name, tensor) in zip(names, try run(program, example, names)) {
                    let numbers = try tensor.loaded().floats ?? []
                    if pass == 0 {
                        ranges[values.steps(of: name), default: ValueRange()].widen(numbers)
                    } else {
                        ranges[values.steps(of: name)]?.count(numbers)
                    }
                }
                work.step()
            }
        }
        return ranges.mapValues(\.steps)
    }

    private func quantised(
        _ measured: Measured,
        except kept: Set<String>
    ) throws(ModelError) -> Graph {
        let values = IntegerValues(graph, shapes: measured.shapes, except: kept)
        var own: [String: ValueSteps] = [:]
        for value in values.values {
            own[values.steps(of: value)] = measured.steps[measured.all.steps(of: value)]
        }
        return try QuantisedCells.apply(
            to: try QuantisedGraph.make(
                describingOutputs(of: graph, measured.shapes),
                values,
                steps: own
            ),
            except: kept
        )
    }

    /// The layer that alone changes the network's answer most; nil where none is left.
    private func mostDisturbing(
        _ result: QuantisedNetwork,
        _ measured: Measured,
        from reference: Answers,
        _ examples: [Example]
    ) throws(ModelError) -> String? {
        let names = result.layers.map(\.name)
        let few = Array(examples.prefix(16))
        var worst: (name: String, error: Double)?
        for layer in result.layers where !layer.isKept {
            let others = Set(names).subtracting([layer.name])
            let program = try Program(
                importing: try quantised(measured, except: others),
                tools: tools
            )
            var silent = Work(total: 1) { _, _ in }
            let error = try answers(of: program, [], few, &silent).error(from: reference, output)
            if error > worst?.error ?? -1 { worst = (layer.name, error) }
        }
        return worst?.name
    }

    // MARK: Comparing

    /// What a network answers, and how often it is right.
    private struct Answers {
        var values: [[String: [Float]]] = []
        var right = 0
        var labelled = 0

        var score: Double? { labelled == 0 ? nil : Double(right) / Double(labelled) }

        /// The root of the mean square of the differences, as a part of that of the numbers.
        func error(from reference: Answers, _ name: String) -> Double {
            var (off, whole) = (0.0, 0.0)
            for (mine, other) in zip(values, reference.values) {
                for (value, exact) in zip(mine[name] ?? [], other[name] ?? []) {
                    let difference = Double(value) - Double(exact)
                    off += difference * difference
                    whole += Double(exact) * Double(exact)
                }
            }
            return whole > 0 ? (off / whole).squareRoot() : 0
        }
    }

    /// Answers to all examples; layers' values of the first of them alone.
    private func answers(
        of program: Program,
        _ layers: [String],
        _ examples: [Example],
        _ work: inout Work
    ) throws(ModelError) -> Answers {
        var answers = Answers()
        for (index, example) in examples.enumerated() {
            let names = [output] + (index < 16 ? layers.filter { $0 != output } : [])
            let results = try run(program, example, names)
            var values: [String: [Float]] = [:]
            for (name, tensor) in zip(names, results) { values[name] = try tensor.loaded().floats }
            if let label = example.label, let scores = values[output] {
                answers.labelled += 1
                let best = scores.indices.max { scores[$0] < scores[$1] }
                if best == label { answers.right += 1 }
            }
            if index < 64 { answers.values.append(values) }
            work.step()
        }
        return answers
    }
}

/// A network with small integers, and how it compares.
public struct QuantisedNetwork {
    public struct Layer: Sendable {
        public let name: String
        /// The relative error of its values in the whole network.
        public let error: Double
        /// Whether it stayed in float32.
        public let isKept: Bool
    }

    public let graph: Graph
    /// The share of labelled examples that each network gets right; nil without labels.
    public let before: Double?
    public let after: Double?
    /// The relative error of the first output.
    public let outputError: Double
    public let layers: [Layer]
    /// Names of recurrent layers, and their operators, that stay in float32: only LSTM has a form of integers.
    public let others: [(name: String, op: String)]

    /// What is lost: the share of examples, or the output's relative error.
    public var loss: Double {
        if let before, let after { before - after } else { outputError }
    }

    /// As an ONNX file.
    public func data(name: String) throws(ModelError) -> Data {
        try OnnxWriter.data(graph, name: name)
    }
}
