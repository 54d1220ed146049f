import Engine
import Texts

/// ONNX's names of operators beside those of PyTorch and Keras.
enum OperatorNames {
    private static let others = [
        "activation": "Relu", "adaptiveavgpool2d": "GlobalAveragePool", "avgpool1d": "AveragePool",
        "avgpool2d": "AveragePool", "averagepooling2d": "AveragePool",
        "batchnorm1d": "BatchNormalization", "batchnorm2d": "BatchNormalization",
        "conv1d": "Conv", "conv2d": "Conv", "convolution": "Conv", "dense": "Gemm",
        "elman": "RNN", "embedding": "Gather", "fullyconnected": "Gemm",
        "globalaveragepooling2d": "GlobalAveragePool", "layernorm": "LayerNormalization",
        "linear": "Gemm", "maxpool1d": "MaxPool", "maxpool2d": "MaxPool",
        "maxpooling2d": "MaxPool", "simplernn": "RNN",
    ]

    /// The operator that was meant by a name nobody knows, where one is near.
    static func likely(_ name: String) -> String? {
        let lower = name.lowercased()
        if let known = others[lower] { return known }
        let near = Operators.names.map {
            (name: $0, distance: editDistance($0.lowercased(), lower))
        }
        .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let near, near.distance <= min(2, name.count / 3) else { return nil }
        return near.name
    }
}
