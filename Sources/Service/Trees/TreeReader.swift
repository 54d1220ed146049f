import HTTP
import Models
import TensorFormats
import Texts

/// A tree as the client wrote it.
struct SentTree: Sendable {
    /// Where a node stands in the client's lists.
    struct Place: Sendable {
        /// Such as `tree[2][0]`; of a list folded in part, the list's.
        let path: String
        /// Items of the list that the node takes in; 1 for a leaf.
        let items: Int
        /// The expression, cut to a length fit for an answer.
        let text: String
        /// Leaves before the node's own, and the first after them.
        let leaves: Range<Int>
    }

    fileprivate(set) var tree = Tree()
    fileprivate(set) var places: [Place] = []

    /// Leaves of the whole tree.
    var leafCount: Int { places.last?.leaves.upperBound ?? 0 }
}

/// Reads `{"tree": ["max", 2, ["min", 3, 4]]}`.
///
/// A list is folded from the left by the model's one composition, ((a b) c) d; a list of one item is
/// that item. A leaf is a symbol: a text, or an integer whose decimal text is a symbol.
struct TreeReader {
    /// No tree has more leaves, whatever the settings say.
    static let mostLeaves = 20_000
    static let expected = "{\"tree\": [\"…\", [\"…\", 1]]}"

    let vocabulary: Vocabulary
    let limit: Int

    func tree(of request: Request) throws(ServiceError) -> SentTree {
        try request.checkJSONBody(expecting: Self.expected)
        return try request.body.readJSON { (reader) throws(ServiceError) in
            var builder = TreeBuilder(vocabulary: vocabulary, limit: limit)
            do throws(JSONError) {
                try reader.object { (key, reader) throws(JSONError) in
                    guard key == "tree" else { throw reader.unknownKey(key, known: ["tree"]) }
                    _ = try builder.item(&reader, "tree")
                }
            } catch {
                throw builder.failure ?? .json(error)
            }
            guard !builder.sent.places.isEmpty else {
                throw .missingField("tree", expected: "a list of symbols and lists")
            }
            return builder.sent
        }
    }
}

/// A tree under construction, children before their parents.
private struct TreeBuilder {
    let vocabulary: Vocabulary
    let limit: Int
    var sent = SentTree()
    /// What is wrong with the tree, where it is JSON all the same.
    var failure: ServiceError?
    private var leaves = 0

    private static let longestText = 60

    init(vocabulary: Vocabulary, limit: Int) {
        self.vocabulary = vocabulary
        self.limit = limit
    }

    /// Reads a list or a leaf and returns its node.
    mutating func item(_ reader: inout JSONReader, _ path: String) throws(JSONError) -> Int {
        switch try reader.peek() {
        case .array: return try list(&reader, path)
        case .string: return try leaf(reader.string(), &reader, path)
        case .number: return try leaf(number(&reader, path), &reader, path)
        case .object, .boolean, .null:
            throw fail(
                &reader,
                .invalidValue(
                    field: path,
                    expected: "a list or a symbol",
                    got: "an object, a truth value or null"
                )
            )
        }
    }

    private mutating func number(
        _ reader: inout JSONReader,
        _ path: String
    ) throws(JSONError) -> String {
        do throws(JSONError) {
            return String(try reader.integer())
        } catch {
            guard case .typeMismatch(_, let got, _) = error else { throw error }
            throw fail(&reader, unknownSymbol(got, path))
        }
    }

    private mutating func leaf(
        _ symbol: String,
        _ reader: inout JSONReader,
        _ path: String
    ) throws(JSONError) -> Int {
        guard let token = vocabulary.index(of: symbol) else {
            throw fail(&reader, unknownSymbol(symbol, path))
        }
        guard leaves < limit else {
            throw fail(&reader, .sequenceTooLong(limit: limit, got: leaves + 1))
        }
        leaves += 1
        sent.places.append(
            SentTree.Place(
                path: path,
                items: 1,
                text: Self.cut(symbol),
                leaves: leaves - 1..<leaves
            )
        )
        return sent.tree.addLeaf(Int32(token))
    }

    /// Folds the items from the left.
    private mutating func list(
        _ reader: inout JSONReader,
        _ path: String
    ) throws(JSONError) -> Int {
        var folded: Int?
        var text = ""
        try reader.array { (index, reader) throws(JSONError) in
            let item = try self.item(&reader, "\(path)[\(index)]")
            let own = sent.places[item].text
            text = Self.cut(index == 0 ? own : "\(text), \(own)")
            guard let left = folded else {
                folded = item
                return
            }
            sent.places.append(
                SentTree.Place(
                    path: path,
                    items: index + 1,
                    text: Self.cut("[\(text)]"),
                    leaves: sent.places[left].leaves.lowerBound..<leaves
                )
            )
            folded = sent.tree.compose(left, item)
        }
        guard let folded else {
            throw fail(
                &reader,
                .invalidValue(field: path, expected: "a list of at least one item", got: "[]")
            )
        }
        return folded
    }

    private mutating func fail(_ reader: inout JSONReader, _ error: ServiceError) -> JSONError {
        failure = error
        return reader.invalid("")
    }

    private func unknownSymbol(_ got: String, _ path: String) -> ServiceError {
        let known = listed(vocabulary.symbols, "or")
        return .invalidValue(field: path, expected: "one of the symbols \(known)", got: got)
    }

    private static func cut(_ text: String) -> String {
        text.count <= longestText ? text : text.prefix(longestText) + "…"
    }
}
