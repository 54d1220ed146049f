import CPUFeatures
import Dispatch
import Synchronization

/// Memory of bodies that stays with the process for those that follow, but not for ever.
enum KeptMemory {
    /// Smaller bodies leave little behind.
    private static let large = 1 << 20

    /// How long what was freed may wait for others.
    private static let patience = DispatchTimeInterval.seconds(5)

    private static let isDue = Atomic<Bool>(false)

    /// Notes a body of `count` bytes: after a while what is free by then goes back to the system.
    static func note(_ count: Int) {
        guard count >= large, !isDue.exchange(true, ordering: .relaxed) else { return }
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + patience) {
            isDue.store(false, ordering: .relaxed)
            striate_release_free_memory()
        }
    }
}
