import Graph

/// The last way to a program's answers that one plan went whole: another run of the same shapes needs no bookkeeping.
final class Shortcut: Sendable {
    /// An input as it was given.
    struct Given: Sendable {
        let name: String
        let place: Int
        let type: ElementType
        let shape: Shape
    }

    private let key: PlanStore.Key
    private let given: [Given]
    private let outputs: [String]
    /// Which of the plan's outputs each of `outputs` is.
    private let answers: [Int]

    /// Nil where the plan does not compute all that is asked for.
    init?(_ segment: Segment, under key: PlanStore.Key, from given: [Given], to route: Route) {
        var answers: [Int] = []
        for output in route.outputs {
            guard case .value(let place) = output,
                let index = segment.outputs.firstIndex(of: place)
            else { return nil }
            answers.append(index)
        }
        (self.key, self.given, self.outputs, self.answers) = (key, given, route.names, answers)
    }

    /// The answers, unless what is given or asked for is something else, or the plan is no longer there.
    func run(
        _ inputs: [String: Tensor],
        outputs: [String],
        plans: PlanStore,
        memory: MemoryUse,
        isCancelled: () -> Bool
    ) throws(ModelError) -> [Tensor]? {
        guard inputs.count == given.count, outputs == self.outputs else { return nil }
        var tensors: [Tensor] = []
        tensors.reserveCapacity(given.count)
        for input in given {
            guard let tensor = inputs[input.name], tensor.type == input.type,
                tensor.shape == input.shape
            else { return nil }
            tensors.append(tensor)
        }
        guard case .kept(let kept) = plans.value(for: key), let segment = kept as? Segment else {
            return nil
        }
        try memory.require(bytes: segment.plan.runBytes)
        let results = try segment.tensors(
            { place in given.firstIndex { $0.place == place }.map { tensors[$0] } },
            isCancelled: isCancelled
        )
        return answers.map { results[$0] }
    }
}
