/// What exporters write beside a graph: texts by name, `metadata_props` of a ModelProto.
enum OnnxMetadata {
    /// The field's number, and those of an entry's key and value.
    private static let field = 14
    private static let (key, value) = (1, 2)
    private static let mostEntries = 64
    /// Bytes of an entry; vocabularies of some networks are larger, and are nobody's labels.
    private static let largest = 64 << 10

    /// The texts of a file; none where it is not as it should be, of which others tell.
    static func read(_ file: WeightFile) -> [String: String] {
        var wire = OnnxWire(file)
        var texts: [String: String] = [:]
        var place = 0
        do {
            while place < file.size, texts.count < mostEntries {
                let found = try wire.field(at: &place, before: file.size)
                guard found.number == field, let content = found.content, content.count <= largest
                else { continue }
                var (name, text) = ("", "")
                var inner = content.lowerBound
                while inner < content.upperBound {
                    let part = try wire.field(at: &inner, before: content.upperBound)
                    guard let range = part.content else { continue }
                    let bytes = try wire.bytes(range)
                    guard let string = String(validating: bytes, as: UTF8.self) else { continue }
                    if part.number == key { name = string }
                    if part.number == value { text = string }
                }
                texts[name] = text
            }
        } catch {
            return [:]
        }
        return texts
    }
}
