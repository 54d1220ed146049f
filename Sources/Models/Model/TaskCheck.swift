import Graph

extension Model {
    /// What a task asks of the layers and labels, found when the model is loaded.
    func checkTask() throws(ModelError) {
        switch manifest.task {
        case .imageClassification, .imageFeatures, .tensors: break
        case .nextSymbol:
            try checkInput("a vocabulary", manifest.input.symbolCount != nil)
            guard let backwardLayer else { break }
            throw .invalidAttribute(
                node: backwardLayer,
                attribute: "direction",
                expected: "forward, as next-symbol models read",
                got: "a layer that reads backward"
            )
        case .seriesClassification:
            try checkInput("\"series\": true and channels", manifest.input.isSeries)
            try checkLabels()
        case .sequenceClassification:
            try checkVocabulary()
            try checkLabels()
        case .dynamicalSystem:
            try checkInput("\"steps\": true or a vocabulary", manifest.input.symbolCount != nil)
        case .treeClassification:
            try checkVocabulary()
            try checkLabels()
            try checkTree()
        }
    }

    private func checkInput(_ expected: String, _ fits: Bool) throws(ModelError) {
        if fits { return }
        throw .invalidManifest(
            field: "model.json, input",
            expected: "\(expected), as the task \(manifest.task.rawValue) needs",
            got: "another input"
        )
    }

    private func checkVocabulary() throws(ModelError) {
        var hasVocabulary = false
        if case .tokens = manifest.input { hasVocabulary = true }
        try checkInput("a vocabulary", hasVocabulary)
    }

    private func checkLabels() throws(ModelError) {
        guard let output = manifest.outputs.first,
            let layer = layers.first(where: { $0.name == output })
        else {
            throw .invalidManifest(
                field: "model.json, outputs",
                expected: "the name of the layer with the labels' probabilities",
                got: "nothing"
            )
        }
        let count = layer.outputShape.dimensions.last ?? 0
        guard manifest.labels.count == count else {
            throw .invalidManifest(
                field: "model.json, labels",
                expected: "\(count) labels, as many as \"\(output)\" has numbers",
                got: "\(manifest.labels.count)"
            )
        }
    }

    private func checkTree() throws(ModelError) {
        guard let tree = manifest.tree else { return }
        for (field, name) in [("leaf", tree.leaf), ("composed", tree.composed)] {
            guard let layer = layers.first(where: { $0.name == name }) else {
                throw .unknownLayer(name, available: layers.map(\.name))
            }
            guard layer.outputShape.dimensions.last == tree.width,
                layer.outputShape.count == tree.width
            else {
                throw .invalidManifest(
                    field: "model.json, tree, \(field)",
                    expected: "a layer of \(tree.width) numbers, as width says",
                    got: "\(name) of shape \(layer.outputShape)"
                )
            }
        }
    }
}
