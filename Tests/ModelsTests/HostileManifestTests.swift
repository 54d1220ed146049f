import Compute
import Foundation
import NetworkSupport
import Testing

@testable import Graph

/// Manifests and check vectors that declare more than there is: an error, never a trap or an allocation.
@Suite final class HostileManifestTests {
    private let builder: ModelFolderBuilder

    init() throws {
        builder = try ModelFolderBuilder()
    }

    private func reason(_ manifest: String, check: String? = nil) throws -> String {
        try builder.write(manifest, to: "model.json")
        if let check { try builder.write(check, to: "check.json") }
        do {
            _ = try builder.load()
            return ""
        } catch let error as ModelError {
            return error.description
        }
    }

    private func manifest(
        input: String,
        layers: String = #"{"name": "relu", "op": "Relu"}"#
    ) -> String {
        """
        {"name": "net", "task": "image-features", "input": \(input), "layers": [\(layers)]}
        """
    }

    @Test(
        arguments: [
            #"{"name": "image", "channels": 16777216, "height": 16777216, "width": 16777216}"#,
            #"{"name": "image", "channels": 16777216, "height": 16777216, "width": null}"#,
            #"{"name": "series", "channels": 16777216, "length": 16777216}"#,
            #"{"name": "image", "channels": 1099511627776}"#,
        ]
    )
    func `an input of more numbers than a machine has is refused`(input: String) throws {
        #expect(try reason(manifest(input: input)).contains("input"))
    }

    private static let image = #"{"name": "image", "channels": 1, "height": 8, "width": 8}"#

    @Test(
        arguments: [
            #"{"op": "MaxPool", "kernel": [16777216, 16777216], "strides": [1, 1]}"#,
            #"{"op": "MaxPool", "kernel": [2, 2], "padding": [9e14, 0, 0, 0]}"#,
            #"{"op": "MaxPool", "kernel": [16777216, 2], "dilations": [16777216, 1], "padding": "full"}"#,
            #"{"op": "MaxPool", "kernel": [2, 2], "strides": [9e14, 9e14]}"#,
            #"{"op": "Maxout", "group": 1e14}"#,
            #"{"op": "LeakyRelu", "alpha": 1e300}"#,
            #"{"op": "Conv", "kernel": [3, 3], "channels": 1099511627776}"#,
        ]
    )
    func `sizes of layers are checked before anything is made of them`(layer: String) throws {
        #expect(try reason(manifest(input: Self.image, layers: layer)) != "")
    }

    @Test func `a bank of more kernels than fit is refused`() throws {
        let many = "[" + (0..<3000).map { "\($0)" }.joined(separator: ",") + "]"
        let layer = """
            {"op": "Gabor", "kernel": [3, 3],
             "bank": {"orientations": 360, "frequencies": \(many), "phases": \(many)}}
            """
        #expect(
            try reason(manifest(input: Self.image, layers: layer)).contains("at most 65536 kernels")
        )
    }

    @Test func `deep and long texts are refused`() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(try reason(deep).contains("more than 64 deep"))
        let objects =
            String(repeating: #"{"a":"#, count: 500) + "1" + String(repeating: "}", count: 500)
        #expect(try reason(objects).contains("more than 64 deep"))
        let long = String(repeating: " ", count: 17 << 20)
        #expect(try reason(long).contains("at most 16777216 are read"))
    }

    @Test(
        arguments: [
            (#"{"shape": [4611686018427387904, 4], "data": []}"#, "does not fit an integer"),
            (#"{"shape": [4503599627370496, 4096], "data": []}"#, "for the shape"),
            (#"{"shape": [-1], "data": [1]}"#, "for the shape"),
            (#"{"shape": [2, 1], "data": [1]}"#, "for the shape"),
            (#"{"shape": [1, 1], "data": [1e300]}"#, "symbol 1 is"),
            (#"{"shape": [1, 1], "data": [-1]}"#, "symbol 1 is"),
            (#"{"shape": [1, 1], "data": [0.5]}"#, "no integer"),
        ]
    )
    func `check vectors that contradict themselves are refused`(
        values: String,
        words: String
    ) throws {
        let text = """
            {"name": "net", "task": "next-symbol", "input": {"name": "t", "vocabulary": "v.json"},
             "layers": [{"name": "hot", "op": "OneHot"}]}
            """
        try builder.write(#"["a", "b"]"#, to: "v.json")
        let check = """
            {"tolerance": 1e-4, "cases": [{"inputs": {"t": \(values)},
             "outputs": {"hot": {"shape": [1, 1, 2], "data": [0, 1]}}}]}
            """
        let reason = try reason(text, check: check)
        #expect(reason.contains(words), "\(reason)")
    }
}
