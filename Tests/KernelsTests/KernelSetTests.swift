import CPUFeatures
import Compute
import Testing

@Suite struct KernelSetTests {
    @Test func `the baseline comes first and the fastest is the default`() throws {
        let names = KernelSet.supported.map(\.name)
        #expect(["baseline", "neon"].contains(names[0]))
        #expect(try KernelSet.select(nil).name == names.last)
        #expect(Set(names).count == names.count)
    }

    @Test func `every supported set can be chosen by name`() throws {
        for kernels in KernelSet.supported {
            #expect(try KernelSet.select(kernels.name).name == kernels.name)
        }
    }

    @Test(arguments: ["", "sse9", "AVX2"])
    func `a name that cannot be had says what can`(name: String) {
        let available = KernelSet.supported.map(\.name)
        #expect(throws: KernelSelectionError.unavailable(name: name, available: available)) {
            try KernelSet.select(name)
        }
    }

    @Test func `a thread that left a core gets all its cores back`() {
        let cpu = striate_current_cpu()
        guard cpu >= 0 else { return }
        striate_leave_cpu(cpu)
        striate_leave_cpu(striate_current_cpu())
        striate_restore_cpus()
        // Restoring twice must not forget the cores: a second leave would then find none.
        striate_restore_cpus()
        striate_leave_cpu(-1)
        striate_leave_cpu(1 << 20)
        striate_cpu_pause()
        #expect([0, 3, 4].contains(striate_cpu_level()))
    }
}
