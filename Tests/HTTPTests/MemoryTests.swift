import Glibc
import Testing

@testable import HTTP

@Suite struct `Memory of bodies` {
    @Test func `large blocks go back to the system, whatever was freed before`() throws {
        try withServer { _, _ in
            // Without fixed thresholds this one, once freed, would have the next cut from an arena that keeps it.
            unsafe free(malloc(30 << 20))
            let mapped = (0..<20).filter { _ in
                let before = mallinfo2().hblks
                let block = unsafe malloc(20 << 20)
                defer { unsafe free(block) }
                return mallinfo2().hblks > before
            }
            // Other suites map and free large blocks meanwhile.
            #expect(mapped.count >= 12)
        }
    }
}
