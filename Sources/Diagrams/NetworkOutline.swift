import Compute
import Graph
public import Models

/// What a diagram needs to know of a network.
public struct NetworkOutline: Sendable {
    struct Layer: Sendable {
        var name: String
        var op: String
        var inputs: [String]
        var fields: [String: Attribute] = [:]
        /// One picture, or one step; empty where it is not known.
        var shape: [Int] = []
        var parameters = 0
        var multiplyAdds = 0
        var receptiveField: [Int] = []
    }

    /// The parts of a network over trees, by the names of their values.
    struct Tree: Sendable {
        var leaf: String
        var children: String
        var composed: String
        var node: String
    }

    public var name: String
    var task: String
    var inputName: String
    var input: [String: Attribute] = [:]
    var layers: [Layer]
    var tree: Tree?
    var parameters = 0
    var multiplyAdds = 0

    var isRecurrent: Bool { layers.contains { Self.cells.contains($0.op) } }
    var isAutonomous: Bool { task == "dynamical-system" }

    /// Whether a symbol follows a symbol: such a network is drawn step by step.
    public var isSequential: Bool {
        isRecurrent || isAutonomous || input["vocabulary"] != nil
    }

    /// Whether it composes over trees.
    public var isTree: Bool { tree != nil }

    /// Whether it is drawn step by step.
    public var isUnfoldable: Bool {
        tree == nil && isSequential && layers.count <= SequenceDiagram.mostLayers
    }

    static let cells: Set<String> = ["RNN", "LSTM", "GRU", "Jordan"]
}

extension NetworkOutline {
    /// The outline of a model.
    public init(_ model: Model) {
        let form = model.form
        let summaries = Dictionary(model.layers.map { ($0.name, $0) }) { first, _ in first }
        let pieces = form.tree
        self.init(
            name: model.name,
            task: model.manifest.task.name,
            inputName: form.inputName,
            input: form.input,
            layers: form.layers.map { layer in
                let summary = summaries[layer.name]
                let parts = ([layer.name] + layer.joined).compactMap { summaries[$0] }
                return Layer(
                    name: layer.name,
                    op: layer.op,
                    inputs: layer.inputs,
                    fields: layer.fields,
                    shape: summary?.outputShape.dimensions ?? [],
                    parameters: parts.reduce(0) { $0 + $1.parameters },
                    multiplyAdds: parts.reduce(0) { $0 + $1.multiplyAdds },
                    receptiveField: summary?.receptiveField.map { [$0.height, $0.width] } ?? []
                )
            },
            tree: pieces.isEmpty
                ? nil
                : Tree(
                    leaf: pieces["leaf"] ?? "",
                    children: pieces["children"] ?? "",
                    composed: pieces["composed"] ?? "",
                    node: pieces["node"] ?? ""
                ),
            parameters: model.parameterCount,
            multiplyAdds: model.multiplyAdds
        )
    }
}

/// The number with thin groups of three digits: 1,234,567.
func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0 && (digits.count - index).isMultiple(of: 3) { text.append(",") }
        text.append(digit)
    }
    return text
}

/// The text, or its beginning where it is longer than a picture has room for.
func abridged(_ text: String, to length: Int = 28) -> String {
    text.count > length ? String(text.prefix(length - 1)) + "…" : text
}

/// A layer's name as it is printed: of an exporter's path `/layer1/conv1/Conv_output_0` what its operator does not say.
func printed(_ name: String) -> String {
    guard name.hasPrefix("/") else { return abridged(name) }
    let parts = name.split(separator: "/")
    let text = (parts.count > 1 ? parts.dropLast() : parts[...]).joined(separator: "/")
    return text.count > 28 ? "…" + text.suffix(27) : text
}
