package import Graph

extension PlanInputs {
    /// Writes a tensor of float32, or of int64 whose values fit into 32 bits.
    package mutating func fill(_ port: Plan.Port, _ tensor: Tensor) throws(ModelError) {
        if let floats = tensor.floats {
            try withFloats(port.name) { span throws(ModelError) in
                for index in floats.indices { span[index] = floats[index] }
            }
        } else if let integers = tensor.integers {
            try withIntegers(port.name) { span throws(ModelError) in
                for index in integers.indices { span[index] = Int32(clamping: integers[index]) }
            }
        }
    }
}

extension PlanOutputs {
    package func tensor(_ port: Plan.Port) throws(ModelError) -> Tensor {
        try withFloats(port.name) { span throws(ModelError) in
            // SAFETY: the span's floats are copied into memory of exactly as many.
            let floats = unsafe [Float](unsafeUninitializedCapacity: span.count) { buffer, count in
                count = unsafe span.withUnsafeBufferPointer { source in
                    unsafe buffer.initialize(fromContentsOf: source)
                }
            }
            return Tensor(shape: port.shape, floats: floats)
        }
    }
}
