import Graph

extension ModelTask {
    /// A tree of symbols to labels with probabilities.
    public static let treeClassification = ModelTask(
        "tree-classification",
        .trees,
        operations: ["tree"],
        hasLabels: true,
        form: Form(key: "tree") { (object) throws(ModelError) in try TreeNames(object) }
    )
}

/// Which values of a model's layers make a recursive network: `tree` in model.json.
public struct TreeNames: Sendable {
    /// The layer whose value [T, 1, W] holds the leaves' vectors, from tokens [T, 1].
    public let leaf: String
    /// The graph input [N, 2W] of the composition: left and right child side by side.
    public let children: String
    /// The layer whose value [N, W] is the composed vector.
    public let composed: String
    /// The graph input [N, W] of the readout.
    public let node: String
    /// W.
    public let width: Int

    init(_ object: JSONFields) throws(ModelError) {
        var object = object
        leaf = try object.requiredString("leaf")
        children = try object.requiredString("children")
        composed = try object.requiredString("composed")
        node = try object.requiredString("node")
        guard let width = try object.int("width"), width <= 1 << 16 else {
            throw .invalidManifest(
                field: "\(object.path), width",
                expected: "an integer from 1 to 65536",
                got: "nothing"
            )
        }
        guard children != node else {
            throw object.mismatch("node", "another name than children has", .string(node))
        }
        self.width = width
        object.finish()
    }
}

extension TreeNames: TaskForm {
    func check(
        outputs: [String],
        labels: Int,
        shape: (String) throws(ModelError) -> Shape
    ) throws(ModelError) {
        for (field, name) in [("leaf", leaf), ("composed", composed)] {
            let shape = try shape(name)
            guard shape.dimensions.last == width, shape.count == width else {
                throw .invalidManifest(
                    field: "model.json, tree, \(field)",
                    expected: "a layer of \(width) numbers, as width says",
                    got: "\(name) of shape \(shape)"
                )
            }
        }
    }
}
