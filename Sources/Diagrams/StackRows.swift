import Graph
import Models

/// One line of a stack: a layer, the input, or the layers left out.
struct StackRow: Sendable {
    var name: String
    var words: String
    /// Channels, rows, columns; or units.
    var extent: [Int]
    var isThin = false
    var role = Diagram.Node.Role.map
    var parameters: Int?
    var multiplyAdds: Int?
    var receptiveField: [Int] = []
    /// Names of the values it reads.
    var inputs: [String] = []
    /// The last of the layers that the row stands for.
    var last: String

    /// Of longer stacks the middle is left out.
    static let most = 200

    /// One row for each layer, the input first.
    static func read(_ outline: NetworkOutline) -> [StackRow] {
        let input = StackRow(
            name: outline.inputName,
            words: outline.isSeries && outline.input["length"] == nil
                ? "input of any length" : "input",
            extent: inputExtent(outline),
            role: .input
        )
        var extents = [outline.inputName: input.extent]
        return [input]
            + outline.layers.map { layer in
                extents[layer.name] = layer.extent
                // Of maps, what makes fewer of them stands there with the depth that it leaves.
                let isDeeper =
                    layer.extent.count > 1
                    && layer.inputs.allSatisfy { extents[$0] != nil && extents[$0] != layer.extent }
                return StackRow(layer, isThin: layer.isThin && !isDeeper)
            }
    }

    /// The rows without the middle ones, where they are too many.
    static func shortened(_ rows: [StackRow]) -> [StackRow] {
        guard rows.count > most else { return rows }
        let left = rows.count - (most - 1)
        let gap = StackRow(
            name: "",
            words: "… \(left) more layers …",
            extent: [],
            role: .gap,
            inputs: [rows[most / 2 - 1].name]
        )
        var tail = Array(rows.suffix(most / 2 - 1))
        tail[0].inputs = [gap.name]
        return Array(rows.prefix(most / 2)) + [gap] + tail
    }

    private init(_ layer: NetworkOutline.Layer, isThin: Bool) {
        (name, last) = (layer.name, layer.name)
        words = layer.op == "Input" ? "input" : layer.words
        extent = layer.op == "Input" ? outlineShape(layer.fields) : layer.extent
        self.isThin = isThin
        role =
            layer.op == "Input"
            ? .input : isThin ? .thin : layer.extent.count > 1 ? .map : .vector
        parameters = layer.parameters
        multiplyAdds = layer.multiplyAdds
        receptiveField = layer.receptiveField
        inputs = layer.inputs
    }

    private init(
        name: String,
        words: String,
        extent: [Int],
        role: Diagram.Node.Role,
        inputs: [String] = []
    ) {
        (self.name, last) = (name, name)
        self.words = words
        self.extent = extent
        self.role = role
        self.inputs = inputs
    }

    /// A network of any size is drawn at the size the summary uses.
    private static func inputExtent(_ outline: NetworkOutline) -> [Int] {
        guard !outline.isSequential else { return [] }
        if outline.input["shape"] != nil { return outlineShape(outline.input) }
        let channels = outline.input["channels"]?.integers.first ?? 1
        if outline.isSeries { return [channels] + (outline.input["length"]?.integers ?? []) }
        let sides = ["height", "width"].map {
            outline.input[$0]?.integers.first ?? LayerSummary.referenceSide
        }
        return [channels] + sides
    }

    var size: String { extent.map(grouped).joined(separator: " × ") }

    var field: String { receptiveField.map(String.init).joined(separator: "×") }

    /// Width, height and depth of the slab; logarithmic, so that all fit.
    var slab: (width: Double, height: Double, depth: Double) {
        let channels = scale(extent.first ?? 1)
        switch extent.count {
        case 0: return (60, 12, 0)
        case 1: return (24 + 17 * channels, 11, 10)
        case 2: return (14 + 19 * scale(extent[1]), 5 + 3.6 * channels, 10)
        default:
            return (14 + 19 * scale(extent[2]), 5 + 3.6 * channels, 14 + 19 * scale(extent[1]))
        }
    }

    private func scale(_ size: Int) -> Double {
        var (bits, rest) = (0.0, Double(max(1, size)))
        while rest >= 2 { (bits, rest) = (bits + 1, rest / 2) }
        return bits + (rest - 1)
    }
}

extension NetworkOutline {
    /// Whether the input is a series [channels, length].
    var isSeries: Bool { input["series"] != nil || task == "series-classification" }

    /// Whether the sizes shown are those of one picture out of many sizes.
    var hasAnySize: Bool {
        !isSeries && !isSequential && input["shape"] == nil
            && (input["height"] == nil || input["width"] == nil)
    }
}

/// The sizes of an input of numbers; empty where one may vary.
private func outlineShape(_ fields: [String: Attribute]) -> [Int] {
    let sizes = fields["shape"]?.integers ?? []
    return sizes.contains(0) ? [] : sizes
}
