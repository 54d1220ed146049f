// What the standard library of Swift 6.3 has and that of 6.2 has not.
#if compiler(<6.3)
extension Array {
    /// An array of what `initializer` appends, at most `capacity` elements (SE-0485).
    @inlinable
    public init<Failure: Error>(
        capacity: Int,
        initializingWith initializer: (inout OutputSpan<Element>) throws(Failure) -> Void
    ) throws(Failure) {
        var failure: Failure?
        // SAFETY: as many elements count as the span says were initialised.
        unsafe self.init(unsafeUninitializedCapacity: capacity) { buffer, count in
            var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
            do throws(Failure) {
                try initializer(&output)
            } catch {
                failure = error
            }
            count = unsafe output.finalize(for: buffer)
        }
        if let failure { throw failure }
    }
}
#endif
