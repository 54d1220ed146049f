import Engine
import Foundation
import Graph

extension Model {
    /// One plan for all that `outputs` need of an ONNX file.
    ///
    /// - Throws: `unknownLayer`, `missingInput`, what the signature says of the shapes, and `shape` where some nodes
    ///   must be computed one by one.
    func importedPlan(
        _ executor: GraphExecutor,
        inputs: [String: Shape],
        outputs: [String]
    ) throws(ModelError) -> Plan {
        var tensors: [String: Tensor] = [:]
        for port in signature.inputs {
            let zeros = inputs[port.name].map { shape in
                port.type == .float32
                    ? Tensor(sized: shape)
                    : Tensor(shape: shape, elements: .zeros(shape.count, port.type))
            }
            guard let tensor = zeros ?? (port.isOptional ? port.zeros : nil) else {
                throw .missingInput(name: port.name, expected: port.description)
            }
            try port.check(tensor)
            tensors[port.name] = tensor
        }
        guard let plan = executor.wholePlan(like: tensors, outputs: outputs) else {
            try require(outputs, of: executor.graph)
            throw .shape(
                node: outputs.joined(separator: ", "),
                reason: "not all that it depends on can be planned: ask for it as tensors"
            )
        }
        return plan
    }
}
