package import Graph

/// What is known of a graph for inputs of some shapes before anything is computed.
package struct GraphSurvey: Sendable {
    /// Of values by name; those that follow from computed values are not there.
    package var shapes: [String: Shape] = [:]
    package var types: [String: ElementType] = [:]
    /// Multiply–adds of nodes by name.
    package var work: [String: Int] = [:]
}

extension Program {
    /// Nodes of the largest file that is surveyed.
    private static let mostNodes = 4096

    /// Shapes and multiply–adds for inputs like these, of which only the shapes matter; nothing for very many nodes.
    ///
    /// - Throws: for layers what keeps them from being planned.
    package func survey(like inputs: [String: Tensor]) throws(ModelError) -> GraphSurvey {
        guard nodes.count <= Self.mostNodes || origin.isLayers else { return GraphSurvey() }
        let items = nodes.enumerated().map { index, node in
            OnnxPatterns.Item(node: node.node, covers: [index], reads: node.reads)
        }
        var builder = SegmentBuilder(
            items,
            constants: graph.constants,
            live: inputs,
            tools: tools,
            // Nothing is computed: a request of this size need not fit.
            largest: origin.isLayers ? 1 << 32 : nil
        )
        let survey = builder.survey()
        if origin.isLayers, let failure = builder.firstFailure { throw failure }
        return survey
    }
}
