import Synchronization

/// Identifiers for traces and spans: random for each process, never repeated in it.
final class TraceIdentifiers: Sendable {
    private let seed = UInt64.random(in: .min ... .max)
    private let count = Atomic<UInt64>(0)

    /// A number that is not 0.
    ///
    /// SplitMix64 (Steele, Lea and Flood, 2014) maps a counter to numbers one to one; the system's own random
    /// numbers cost a call each.
    func next() -> UInt64 {
        let index = count.add(1, ordering: .relaxed).newValue
        var mixed = seed &+ index &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return mixed == 0 ? 1 : mixed
    }
}
