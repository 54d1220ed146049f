import Graph

@testable import Engine

extension Program {
    /// The plan of all that `outputs` depend on for inputs like these, if there is one.
    func wholePlan(like inputs: [String: Tensor], outputs: [String]) -> Plan? {
        (try? plan(inputs: inputs.mapValues(\.shape), outputs: outputs)) ?? nil
    }
}
