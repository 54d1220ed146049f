import Compute
import Graph

/// The body of a Loop or Scan as one plan, for values like those of its first iteration.
struct RepeatedBody {
    /// Where an output of the body is once it has been computed.
    enum Source {
        case port(Plan.Port)
        /// The same in each iteration.
        case fixed(Tensor)
        /// An input of the body.
        case given(Int)
    }

    let segment: Segment
    /// Of the body's inputs, those that the plan reads.
    let inputs: [Plan.Port?]
    let outputs: [Source]
    /// What the body takes from outside, which stays.
    let captured: [(port: Plan.Port, tensor: Tensor)]
    /// Inputs that are indices into a table, and its length.
    let tables: [(port: Plan.Port, count: Int)]

    /// An output as a port: of the plan, or of the input that it passes on.
    func port(of output: Int) -> Plan.Port? {
        switch outputs[output] {
        case .port(let port): port
        case .given(let input): inputs[input]
        case .fixed: nil
        }
    }

    /// Whether an output may lie anywhere: it has an address of its own, and no other output is the same value.
    func mayMove(_ output: Int) -> Bool {
        guard case .port(let port) = outputs[output], let slot = port.slot else { return false }
        return outputs.indices.allSatisfy { $0 == output || self.port(of: $0)?.slot != slot }
    }
}

extension Program {
    /// The body for these first inputs; nil where no single plan computes all of it.
    func repeated(
        _ given: [Tensor],
        captured outer: [Tensor?],
        _ memory: MemoryUse,
        _ isCancelled: @escaping () -> Bool
    ) throws(ModelError) -> RepeatedBody? {
        let route = try route(to: graph.outputs)
        var run = ProgramRun(self, route, memory: memory, isCancelled: isCancelled)
        var values: [Int: Tensor] = [:]
        for (place, tensor) in zip(capturedPlaces + inputs, outer + given) {
            guard let place, let tensor else { continue }
            run.give(tensor, place)
            values[place] = tensor
        }
        guard let segment = run.segment(), segment.nodes.count == route.nodes.count else {
            return nil
        }
        let plan = segment.plan
        func port(_ place: Int?) -> Plan.Port? {
            place.flatMap { place in segment.inputs.firstIndex(of: place) }.map { plan.inputs[$0] }
        }
        var sources: [RepeatedBody.Source] = []
        for output in route.outputs {
            switch output {
            case .constant(let place): sources.append(.fixed(try constant(place, memory)))
            case .value(let place):
                if let index = inputs.firstIndex(of: place) {
                    sources.append(.given(index))
                } else if let index = segment.outputs.firstIndex(of: place) {
                    sources.append(.port(plan.outputs[index]))
                } else if let tensor = segment.folded.first(where: { $0.place == place })?.tensor
                    ?? values[place]
                {
                    sources.append(.fixed(tensor))
                } else {
                    return nil
                }
            case .absent: return nil
            }
        }
        let taken = zip(capturedPlaces, outer).compactMap { place, tensor in
            port(place).flatMap { port in tensor.map { (port, $0) } }
        }
        let tables = segment.tables.map { (port($0.place), $0.count) }
        guard tables.allSatisfy({ $0.0?.type == .int64 }) else { return nil }
        return RepeatedBody(
            segment: segment,
            inputs: inputs.map(port),
            outputs: sources,
            captured: taken,
            tables: tables.compactMap { port, count in port.map { ($0, count) } }
        )
    }
}
