package import Foundation
import Testing

/// One folder: model.onnx and test_data_set_k/{input,output}_j.pb.
package struct OnnxCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    package let folder: URL

    package var description: String { folder.lastPathComponent }
    package var testDescription: String { description }

    package static let committed = all(
        below: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "OnnxCases")
    )

    package static var given: URL? {
        ProcessInfo.processInfo.environment["ONNX_CASES"].map { URL(filePath: $0) }
    }

    package static func all(below root: URL) -> [OnnxCase] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.sorted().map { OnnxCase(folder: root.appending(path: $0)) }.filter {
            FileManager.default.fileExists(atPath: $0.folder.appending(path: "model.onnx").path)
        }
    }
}
