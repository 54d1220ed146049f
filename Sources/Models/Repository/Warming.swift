import Graph

extension Model {
    /// Computes once, with zeros, so that a first request finds plans made and weights packed.
    ///
    /// Sizes that may vary are guessed; where a guess does not fit, nothing is lost but the warmth.
    public func warm(
        within limit: Duration = .seconds(3),
        isCancelled: @escaping () -> Bool = { false }
    ) {
        let end = ContinuousClock.now + limit
        let isOver = { ContinuousClock.now > end || isCancelled() }
        guard reading == nil || !isImported else { return warmReading(isOver) }
        for size in [64, 1] {
            var inputs: [String: Tensor] = [:]
            for port in signature.inputs where !port.isOptional {
                guard port.bytes(variable: size).map({ $0 <= memoryLimit / 16 }) ?? false else {
                    return
                }
                inputs[port.name] = port.zeros(variable: size)
            }
            if (try? infer(inputs, isCancelled: isOver)) != nil || isOver() { return }
        }
    }
}

extension Model {
    /// Reads as many symbols at once as it ever will.
    private func warmReading(_ isOver: @escaping () -> Bool) {
        var state = initialState()
        let tokens = [Int32](repeating: 0, count: reading?.takesSeveral == true ? 85 : 1)
        try? advance(
            tokens,
            state: &state,
            outputs: manifest.outputs,
            isCancelled: isOver,
            each: { (_, _) throws(ModelError) in }
        )
    }
}
