import Graph

extension Model {
    /// What a task asks of the layers and labels, found when the model is loaded.
    func checkTask() throws(ModelError) {
        let task = manifest.task
        try checkInput()
        if task.readsForward, let backwardLayer {
            throw .invalidAttribute(
                node: backwardLayer,
                attribute: "direction",
                expected: "forward, as \(task.name) models read",
                got: "a layer that reads backward"
            )
        }
        if task.hasLabels { try checkLabels() }
        try checkForm()
    }

    /// What the manifest says of its task's values, compared with the network.
    func checkForm() throws(ModelError) {
        try manifest.form?.check(
            outputs: manifest.outputs,
            labels: manifest.labels.count,
            shape: { (name) throws(ModelError) in
                guard let layer = layers.first(where: { $0.name == name }) else {
                    throw .unknownLayer(name, available: layers.map(\.name))
                }
                return layer.outputShape
            }
        )
    }

    private func checkInput() throws(ModelError) {
        let input = manifest.input
        var hasVocabulary = false
        if case .tokens = input { hasVocabulary = true }
        let (expected, fits) =
            switch manifest.task.input {
            case .pictures, .tensors: ("", true)
            case .series: ("\"series\": true and channels", input.isSeries)
            case .symbols, .trees: ("a vocabulary", hasVocabulary)
            case .steps: ("\"steps\": true or a vocabulary", input.symbolCount != nil)
            }
        if fits { return }
        throw .invalidManifest(
            field: "model.json, input",
            expected: "\(expected), as the task \(manifest.task.name) needs",
            got: "another input"
        )
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
}
