import Compute
import Graph
import KernelInterface

/// Keys or values in panels, packed once for all rows of queries.
struct AttentionPanels: Sendable {
    private let unpacked: ProductGeometry
    /// Where each different matrix begins in memory.
    private let sources: [Int]
    /// Which of them each matrix of queries needs.
    private let numbers: [Int]
    /// Floats of one matrix.
    private let size: Int

    init(_ unpacked: ProductGeometry, starts: [Int]) {
        self.unpacked = unpacked
        size = unpacked.inner * ((unpacked.columns + 15) / 16 * 16)
        var known: [Int: Int] = [:]
        var sources: [Int] = []
        numbers = starts.map { start in
            if let number = known[start] { return number }
            known[start] = sources.count
            sources.append(start)
            return sources.count - 1
        }
        self.sources = sources
    }

    /// Where the panels of a matrix of queries begin among all panels.
    func start(_ matrix: Int) -> Int { numbers[matrix] * size }

    /// Adds the step that packs what lies in `source`; the panels' value.
    func pack(
        _ name: String,
        _ source: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        let (count, overflow) = sources.count.multipliedReportingOverflow(by: size)
        guard !overflow else {
            throw .shape(node: name, reason: "its keys and values are too many")
        }
        let panels = try plan.scratch(count)
        let (kernels, panelCount) = (plan.kernels, sources.count)
        plan.step("pack \(name)", chunks: panelCount, reads: [source], writes: [panels]) {
            [self] placement in
            let (from, to) = (placement[source], placement[panels])
            return { arena, chunk in
                kernels.pack(
                    unpacked,
                    right: from.position(in: arena) + sources[chunk],
                    into: to.position(in: arena) + chunk * size
                )
            }
        }
        return panels
    }
}
