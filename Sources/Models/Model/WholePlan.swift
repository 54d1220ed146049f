public import Engine
public import Graph

extension Model {
    /// The plan that computes `outputs` as a whole for inputs like these, for callers that run it many times.
    ///
    /// Nil if some of an ONNX file's nodes must be evaluated one by one.
    /// - Throws: what `plan` throws for a model of layers.
    public func wholePlan(
        like inputs: [String: Tensor],
        outputs: [String]
    ) throws(ModelError) -> Plan? {
        guard let executor else {
            return try plan(inputs: inputs.mapValues(\.shape), outputs: outputs)
        }
        return executor.wholePlan(like: inputs, outputs: outputs)
    }
}
