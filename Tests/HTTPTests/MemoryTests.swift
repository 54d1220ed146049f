import Glibc
import Testing

@testable import HTTP

@Suite struct `Memory of bodies` {
    @Test func `large blocks go back to the system, whatever was freed before`() throws {
        try withServer { _, _ in
            // Without fixed thresholds this one, once freed, would have the next cut from an arena that keeps it.
            unsafe free(malloc(30 << 20))
            for size in [5, 20, 20, 8] {
                let block = unsafe malloc(size << 20)
                defer { unsafe free(block) }
                // What the system gave for itself alone begins a page, after glibc's two words.
                #expect(UInt(bitPattern: block) % 4096 == 16)
            }
        }
    }
}
