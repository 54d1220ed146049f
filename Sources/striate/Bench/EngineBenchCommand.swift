import Texts
import ArgumentParser
import Compute
import Dispatch
import Engine
import FoundationEssentials
import Glibc
import Graph
import Models
import Telemetry
import TensorFormats

/// `striate bench engine`: one model, timed pass by pass at the bidding of a harness.
///
/// It says {"ready":true} when the model is loaded; then, for each line `run N` of its input, it runs N passes and
/// writes N lines {"ns":nanoseconds}. `quit` or the end of the input ends it.
struct EngineBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Time the passes of one model, for a harness that compares engines."
    )

    @Option(help: "An ONNX file, or a model's folder.", completion: .file())
    var model: String?

    @Option(help: "An input as NAME=FILE.npy; may be repeated.")
    var input: [String] = []

    @Option(help: "A recurrent state as INPUT=OUTPUT, fed back after every pass; may be repeated.")
    var state: [String] = []

    @Option(help: "Threads.")
    var threads = 1

    @Option(
        help: "Print what each step takes, the median of so many passes of one thread, instead."
    )
    var steps: Int?

    @Option(help: "Where the first output of the first pass is written, as .npy.")
    var output: String?

    @Option(help: "Instruction set of the kernels: baseline, avx2, avx512 or neon.")
    var kernels: String?

    @Flag(help: "Print the core's multiply-add peak in GFLOP/s instead.")
    var peak = false

    func run() throws {
        let set = try KernelSet.chosen(kernels)
        if peak { return try printPeak(set) }
        guard let model else { throw ValidationError("--model is missing") }
        let start = ContinuousClock.now
        let loaded = try load(URL(fileURLWithPath: model), set)
        var bench = try EngineBench(
            loaded,
            inputs: try pairs(input).map { ($0, try tensor($1)) },
            states: try pairs(state)
        )
        if let steps {
            guard steps > 0 else { throw ValidationError("--steps is below 1") }
            return say(try bench.steps(passes: steps))
        }
        let nanoseconds = (ContinuousClock.now - start).nanoseconds
        let memory = ProcessMemory.residentKilobytes
        say("{\"ready\":true,\"load_ns\":\(nanoseconds),\"rss_kb\":\(memory)}")
        while let line = readLine() {
            let words = line.split(separator: " ")
            guard words.count == 2, words[0] == "run", let count = Int(words[1]), count > 0 else {
                break
            }
            var answer: [String] = []
            for _ in 0..<count { answer.append("{\"ns\":\(try bench.pass())}") }
            if let output, let first = bench.takeFirst() {
                try Data(NPY.encode(shape: first.shape, values: first.values.span))
                    .write(to: URL(fileURLWithPath: output))
            }
            say(answer.joined(separator: "\n"))
        }
    }

    private func load(_ file: URL, _ set: KernelSet) throws -> Model {
        let workers = Workers(count: threads)
        if file.pathExtension == "onnx" {
            return try Model(
                onnx: file,
                name: "bench",
                kernels: set,
                workers: workers
            )
        }
        return try Model(folder: file, kernels: set, workers: workers, verifies: false)
    }

    private func pairs(_ texts: [String]) throws -> [(String, String)] {
        try texts.map { text in
            guard let equals = text.firstIndex(of: "=") else {
                throw ValidationError("\"\(text)\" is not NAME=VALUE")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }

    private func tensor(_ path: String) throws -> TensorData {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        return try unsafe NPY.decode(bytes.span.bytes)
    }

    private func printPeak(_ set: KernelSet) throws {
        let sink = FloatStorage(count: 16)
        var best = 0.0
        for _ in 0..<200 {
            var count = 0
            let time = seconds { count = set.peak(50_000, sink: sink.start) }
            best = max(best, 2e-9 * Double(count) / time)
        }
        say("{\"kernels\":\"\(set.name)\",\"gflops\":\(fixed(best, 1))}")
    }

    private func say(_ text: String) {
        writeOut(Array((text + "\n").utf8))
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

/// The memory of this process.
private enum ProcessMemory {
    static var residentKilobytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}

/// A model's plan with its inputs in place.
private struct EngineBench: ~Copyable {
    private let plan: Plan
    private let runs: PlanRuns
    private let answer: String
    private var first: TensorData?

    init(
        _ model: Model,
        inputs: [(String, TensorData)],
        states: [(String, String)]
    ) throws {
        let types = Dictionary(
            model.signature.inputs.map { ($0.name, $0.type) },
            uniquingKeysWith: { $1 }
        )
        var tensors: [String: Tensor] = [:]
        for (name, data) in inputs {
            let elements: Tensor.Elements =
                switch types[name] {
                case .int64: .integers(data.values.map { Int($0) })
                case .int32: .int32(data.values.map { Int32($0) })
                case .bool: .booleans(data.values.map { $0 != 0 })
                default: .floats(data.values)
                }
            tensors[name] = Tensor(shape: Shape(data.shape), elements: elements)
        }
        let outputs = model.signature.outputs.map(\.name)
        guard
            let plan = try model.wholePlan(
                inputs: tensors.mapValues(\.shape),
                outputs: outputs
            ),
            let answer = outputs.first
        else { throw ValidationError("some nodes of the model have no plan") }
        var runs = try PlanRuns(plan)
        try runs.fill { [tensors] access throws(ModelError) in
            for port in plan.inputs {
                if let tensor = tensors[port.name] { try access.fill(port, tensor) }
            }
        }
        for (input, output) in states { try runs.feed(output, to: input) }
        self.answer = answer
        self.plan = plan
        self.runs = runs
        first = nil
    }

    /// One pass over the inputs as they lie, states fed back; its time in nanoseconds.
    mutating func pass() throws -> UInt64 {
        let start = DispatchTime.now().uptimeNanoseconds
        try runs.run()
        let time = DispatchTime.now().uptimeNanoseconds - start
        if first == nil {
            let outputs = runs.outputs
            let values = try outputs.withFloats(answer) { span throws(ModelError) in
                span.indices.map { span[$0] }
            }
            first = TensorData(shape: try outputs.shape(of: answer).dimensions, values: values)
        }
        return time
    }

    /// A line for each step of the plan, the longest first, and their sum.
    func steps(passes: Int) throws -> String {
        var times = plan.stepNames.map { _ in [UInt64]() }
        for _ in 0..<passes {
            for (step, time) in try runs.time().enumerated() { times[step].append(time) }
        }
        let medians = times.map { Double($0.sorted()[$0.count / 2]) / 1000 }
        let whole = medians.reduce(0, +)
        let rows = zip(plan.stepNames, medians).sorted { $0.1 > $1.1 }.map { step, median in
            [
                fixed(median, 1), fixed(100 * median / max(whole, 1e-9), 1), "\(step.chunks)",
                step.name,
            ]
        }
        let table = [["µs", "%", "chunks", "step"]] + rows + [[fixed(whole, 1), "", "", "all"]]
        return columns(table, rightAligned: [0, 1, 2]).joined(separator: "\n")
    }

    /// The first pass's answer.
    func takeFirst() -> TensorData? { first }
}
