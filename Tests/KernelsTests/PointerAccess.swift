import Compute

extension PackedWeights {
    /// The packed floats for a kernel that is called directly.
    var pointer: UnsafePointer<Float> {
        start.withSpan(count: count) { span in
            span.withUnsafeBufferPointer { buffer in
                guard let address = buffer.baseAddress else { fatalError("nothing packed") }
                return address
            }
        }
    }
}
