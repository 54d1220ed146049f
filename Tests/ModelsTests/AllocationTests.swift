import Compute
import CountingAllocator
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models

/// After its first run a plan allocates nothing: arena, steps and helpers are reused.
@Suite struct AllocationTests {
    @Test(.enabled(if: counting_allocator_works()), arguments: ["fashion", "v1"])
    func `a pass allocates nothing after the first`(_ name: String) throws {
        let model = try ShippedModels.load(name)
        let input = model.manifest.input.name
        let plan = try model.plan(
            inputs: [input: [1, 1, 28, 28]],
            outputs: model.manifest.outputs
        )
        func pass() throws(ModelError) -> Int {
            let before = counting_allocator_count()
            try plan.run { inputs throws(ModelError) in
                try inputs.withFloats(input) { span throws(ModelError) in span[3] = 0.5 }
            } read: { _ throws(ModelError) in
            }
            return counting_allocator_count() - before
        }
        let first = try pass()
        #expect(first > 0)
        for _ in 0..<5 {
            let count = try pass()
            #expect(count == 0)
        }
    }

    @Test(.enabled(if: counting_allocator_works()))
    func `allocations are counted at all`() {
        let before = counting_allocator_count()
        let storage = FloatStorage(count: 1000)
        #expect(counting_allocator_count() > before)
        #expect(storage.count == 1000)
    }
}
