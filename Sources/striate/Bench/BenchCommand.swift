import ArgumentParser
import Compute
import Models
import TensorFormats

/// `striate bench`: kernels against the processor's peak, models, JSON, and the server under load.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure kernels, models, JSON and the server on this machine.",
        discussion: """
            Kernels are measured in turn with a loop that only multiplies and adds, whose best time is the
            peak they are compared with. The server runs as a process of its own on a free port.

            Examples:
              striate bench
              striate bench --only kernels --all-kernels
              striate bench --only server --seconds 10 --connections 64
            """,
        subcommands: [EngineBenchCommand.self]
    )

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case kernels, models, json, server
    }

    @Option(help: "Measure one part only: kernels, models, json or server.")
    var only: Part?

    @Flag(help: "Measure every instruction set this processor has, not just the fastest.")
    var allKernels = false

    @Option(help: "Rounds of every kernel and model measurement.")
    var rounds = 40

    @Option(help: "Seconds of every load run.")
    var seconds = 3.0

    @Option(help: "Connections of the concurrent load runs.")
    var connections = 16

    @Option(help: "Requests of the run that shows whether memory stays flat; 0 leaves it out.")
    var soak = 100_000

    @Option(help: "Folder of the models.", completion: .directory)
    var models: String?

    func validate() throws {
        guard rounds >= 1, rounds <= 100_000, seconds > 0, seconds <= 600, soak >= 0,
            connections >= 1, connections <= 1000
        else { throw ValidationError("rounds, seconds, soak and connections must be positive") }
    }

    func run() throws {
        let folder = try ModelsFolder.locate(models)
        if only == nil || only == .kernels {
            let sets =
                allKernels ? KernelSet.supported : [try KernelSet.chosen(nil)]
            for set in sets { KernelBench(kernels: set, rounds: rounds).run() }
        }
        if only == nil || only == .models {
            let kernels = try KernelSet.chosen(nil)
            let workers = [Workers(), Workers(count: 1)]
            let loaded = workers.map {
                ModelRepository(folders: [folder], kernels: kernels, workers: $0).models
            }
            try ModelBench(models: loaded[0], alone: loaded[1], rounds: rounds).run()
        }
        if only == nil || only == .json { try JSONBench(rounds: rounds).run() }
        if only == nil || only == .server {
            try ServerBench(
                models: folder,
                seconds: seconds,
                connections: connections,
                soak: soak
            ).run()
        }
    }
}
