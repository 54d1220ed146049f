import Compute

/// Keeps alive what kernels are given pointers to, until `release`.
///
/// `defer { memory.release() }` right after making it: a pointer alone keeps nothing alive.
final class TestMemory {
    private var held: [AnyObject] = []

    func floats(_ values: [Float]) -> GuardedFloats {
        keep(GuardedFloats(values))
    }

    func floats(count: Int, repeating value: Float = .nan) -> GuardedFloats {
        keep(GuardedFloats([Float](repeating: value, count: count)))
    }

    func pointer(_ packed: PackedWeights) -> UnsafePointer<Float> {
        keep(packed).start.withSpan(count: packed.count) { span in
            span.withUnsafeBufferPointer { buffer in
                guard let address = buffer.baseAddress else { fatalError("nothing packed") }
                return address
            }
        }
    }

    func release() {
        held = []
    }

    private func keep<Object: AnyObject>(_ object: Object) -> Object {
        held.append(object)
        return object
    }
}
