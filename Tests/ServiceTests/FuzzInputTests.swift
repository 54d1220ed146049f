import TestSupport
import Testing

@Suite struct FuzzInputTests {
    @Test func `inputs found by fuzzing break no rule`() throws {
        try holdFoundInputs(of: "bodies", fuzzBodies)
    }
}
