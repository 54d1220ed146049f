import Models

extension Manifest {
    /// The last segments of the routes this model answers.
    var operations: [String] { task == .tensors ? [] : taskOperations + ["graph"] }

    private var taskOperations: [String] {
        switch task {
        case .imageClassification: ["classify", "features", "preview", "kernels"]
        case .imageFeatures: ["features", "preview", "kernels"]
        case .seriesClassification: ["classify", "features", "kernels"]
        case .nextSymbol: outputs.isEmpty ? ["encode"] : ["next", "score", "generate", "encode"]
        case .sequenceClassification: ["classify", "encode"]
        case .dynamicalSystem: ["encode"]
        case .treeClassification: ["tree"]
        case .tensors: []
        }
    }
}
