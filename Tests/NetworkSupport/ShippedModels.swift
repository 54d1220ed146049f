package import Compute
import Engine
package import Foundation
package import Graph
package import Models

/// The folders of config/models, found from the source tree.
package enum ShippedModels {
    package static let names = [
        "brackets", "fashion", "fashion-local", "fashion-tiled", "language", "lenet", "listops",
        "orbit",
        "scripture", "scripture-gru", "scripture-jordan", "scripture-lstm", "series", "sparse-v1",
        "v1",
    ]

    package static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "config/models")

    package static func load(
        _ name: String,
        kernels: String? = nil,
        workers: Workers = Workers(count: 1),
        verifies: Bool = true
    ) throws -> Model {
        try Model(
            folder: root.appending(path: name),
            kernels: KernelSet.select(kernels),
            workers: workers,
            verifies: verifies
        )
    }
}

extension Model {
    /// Runs an image batch [N, C, H, W] and reads one output.
    package func answer(
        _ values: [Float],
        shape: Shape,
        output: String
    ) throws(ModelError) -> [Float] {
        let name = manifest.input.name
        let plan = try plan(inputs: [name: shape], outputs: [output])
        return try plan.run { inputs throws(ModelError) in
            try inputs.withFloats(name) { span throws(ModelError) in
                for index in values.indices { span[index] = values[index] }
            }
        } read: { results throws(ModelError) in
            try results.withFloats(output) { span throws(ModelError) in
                span.indices.map { span[$0] }
            }
        }
    }
}
