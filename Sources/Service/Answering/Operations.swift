import Inference

extension Manifest {
    /// The last segments of the routes this model answers.
    var operations: [String] {
        switch task {
        case .imageClassification: ["classify", "features", "preview", "kernels"]
        case .imageFeatures: ["features", "preview", "kernels"]
        case .seriesClassification: ["classify", "features", "kernels"]
        case .nextSymbol: ["next", "score", "generate", "encode"]
        }
    }
}
