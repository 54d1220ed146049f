import Glibc

/// −log softmax(logits)[target] in nats, computed in double precision around the largest logit.
///
/// Finite for any finite logits; softmax itself is never formed, so that nothing underflows.
func crossEntropy(logits: Span<Float>, target: Int) -> Double {
    var largest = -Double.infinity
    for index in logits.indices { largest = max(largest, Double(logits[index])) }
    var sum = 0.0
    for index in logits.indices { sum += exp(Double(logits[index]) - largest) }
    return log(sum) + largest - Double(logits[target])
}

/// −log p[target] in nats; a probability of 0 counts as the smallest positive float.
func crossEntropy(probabilities: Span<Float>, target: Int) -> Double {
    -log(Double(max(probabilities[target], Float.leastNonzeroMagnitude)))
}
