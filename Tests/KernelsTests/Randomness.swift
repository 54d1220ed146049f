import Foundation

/// Seeds of the random shapes; STRIATE_TEST_SEED repeats a run.
enum Seeds {
    static let base: UInt64 = {
        let given = ProcessInfo.processInfo.environment["STRIATE_TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0..<1_000_000)
        print("random shapes: STRIATE_TEST_SEED=\(seed)")
        return seed
    }()

    static func first(_ count: UInt64) -> [UInt64] {
        (0..<count).map { base + $0 }
    }
}
