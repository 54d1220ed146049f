import Graph

/// What an ONNX file takes in memory once its messages are decoded, found without decoding them.
///
/// A message of two bytes becomes a structure of hundreds, so the file's own size says little. Counted from above.
struct OnnxSize {
    private var wire: OnnxWire
    private let limit: Int
    private var sum = 0
    private var isCrowded = false

    private static let deepest = 100
    /// Inputs, outputs and attributes of a node together: no network has near as many.
    private static let mostFieldsOfNode = 1 << 17
    /// A message, a text or a list with what holds it.
    private static let entry = 256
    /// A number by itself, as lists are written that are not packed.
    private static let number = 64

    /// Bytes, without the data of tensors that stay in the file; counting ends beyond `limit`.
    ///
    /// - Throws: `file` for a node of more inputs, outputs and attributes than any has.
    static func decoded(_ file: WeightFile, limit: Int) throws(ModelError) -> Int {
        var size = OnnxSize(wire: OnnxWire(file), limit: limit)
        do {
            try size.count(.model, 0..<file.size, depth: 0)
        } catch {
            // The generated code reads up to the same place, and says what is wrong there.
        }
        guard !size.isCrowded else {
            throw .file(
                name: file.name,
                reason: "has a node of more than \(mostFieldsOfNode) inputs, outputs and attributes"
            )
        }
        return size.sum
    }

    private init(wire: OnnxWire, limit: Int) {
        self.wire = wire
        self.limit = limit
    }

    private mutating func count(
        _ message: OnnxWire.Message,
        _ range: Range<Int>,
        depth: Int
    ) throws {
        var (place, fields) = (range.lowerBound, 0)
        while place < range.upperBound, sum <= limit, !isCrowded {
            let field = try wire.field(at: &place, before: range.upperBound)
            fields += 1
            isCrowded = message == .node && fields > Self.mostFieldsOfNode
            guard let content = field.content else {
                sum += Self.number
                continue
            }
            sum += Self.entry
            if depth < Self.deepest, let child = message.child(field.number) {
                try count(child, content, depth: depth + 1)
            } else {
                sum += content.count * Self.factor(message, field.number, content.count)
            }
        }
    }

    private static func factor(_ message: OnnxWire.Message, _ field: Int, _ count: Int) -> Int {
        switch (message, field) {
        // Stays in the file.
        case (.tensor, 4), (.tensor, 9): count >= WeightFile.smallestTensor ? 0 : 2
        // Packed: a byte becomes a number of eight, twice.
        case (.tensor, 1), (.tensor, 5), (.tensor, 7), (.tensor, 11), (.attribute, 8): 16
        // Types with their dimensions, sparse tensors.
        case (.graph, 11), (.graph, 12), (.graph, 13), (.graph, 15): 32
        // Texts and numbers as they are; messages deeper than any file has them.
        default: message.child(field) == nil ? 2 : 256
        }
    }
}
