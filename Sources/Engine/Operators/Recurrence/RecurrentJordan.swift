import Compute
import Graph
import KernelInterface

/// Recurrence only from the output to the hidden layer (Jordan, 1986).
///
/// a^t = B + R f^{t−1} + W x^t; h^t = tanh(a^t); o^t = C + V h^t; f^t = o^t or softmax(o^t), as `feedback`
/// says; f^0 = 0 unless given. Inputs X [T, B, I], W [H, I], R [H, O], B [H] (optional), V [O, H], C [O],
/// initial_f [1, B, O] (optional); outputs Y [T, B, O] and Y_f [1, B, O], the vector fed back last.
struct Jordan: LayerOperator {
    let hiddenSize: Int?
    let feedsBackSoftmax: Bool
    let oneHotDepth: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let hidden = try attributes.int("hidden_size", default: 0)
        hiddenSize = hidden > 0 ? hidden : nil
        let feedback = try attributes.string("feedback", default: "output")
        guard feedback == "output" || feedback == "softmax" else {
            throw attributes.mismatch("feedback", "output or softmax", .string(feedback))
        }
        feedsBackSoftmax = feedback == "softmax"
        let depth = try attributes.int("one_hot_depth", default: 0)
        oneHotDepth = depth > 0 ? depth : nil
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let weights = try JordanWeights(node, plan: plan)
        if let hiddenSize, hiddenSize != weights.hidden {
            throw .shape(
                node: node.name,
                reason: "hidden is \(hiddenSize), the weights have \(weights.hidden)"
            )
        }
        let input = try plan.sequence(node, 0, depth: oneHotDepth)
        let sequence = try SequenceShape(plan.shape(of: input), node, oneHotDepth: oneHotDepth)
        guard sequence.inputs == weights.inputs else {
            throw .shape(
                node: node.name,
                reason:
                    "the input has \(sequence.inputs) features, the weights expect \(weights.inputs)"
            )
        }
        let perStep =
            2 * weights.hidden * weights.outputs
            + (oneHotDepth == nil ? weights.hidden * weights.inputs : 0)
        plan.count(sequence.steps * sequence.batch * perStep, for: node)
        try JordanLowering(
            node: node,
            weights: weights,
            sequence: sequence,
            feedsBackSoftmax: feedsBackSoftmax,
            isIndexed: oneHotDepth != nil
        ).lower(input, into: &plan)
    }
}
