import Files
import Glibc
import Graph

/// A text a vocabulary has no symbols for.
public struct VocabularyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text from the first place where no symbol fits, cut short.
    public let symbol: String
    /// In characters from the start, the first 0; sentences count from 1.
    public let position: Int

    package init(symbol: String, position: Int) {
        (self.symbol, self.position) = (symbol, position)
    }

    public var description: String {
        "the model does not know the symbol \"\(symbol)\" at position \(position + 1)"
    }
}

/// The symbols a sequence model reads and writes.
public struct Vocabulary: Sendable {
    public let symbols: [String]
    private let indices: [String: Int]
    private let longest: Int
    /// Whether symbols are written apart, as numbers have to be.
    private let isSpaced: Bool

    /// The numbers from 0, where nothing is known of what the symbols stand for.
    init(numbers count: Int) {
        symbols = (0..<count).map(String.init)
        indices = Dictionary(uniqueKeysWithValues: symbols.enumerated().map { ($1, $0) })
        longest = symbols.last?.count ?? 1
        isSpaced = true
    }

    /// Reads a JSON list of distinct texts.
    init(_ name: String, in files: ModelFiles) throws(ModelError) {
        guard case .array(let values) = try JSONValue.read(name, in: files), !values.isEmpty else {
            throw .invalidManifest(field: name, expected: "a list of symbols", got: "none")
        }
        var symbols: [String] = []
        var indices: [String: Int] = [:]
        for value in values {
            guard case .string(let symbol) = value, !symbol.isEmpty, indices[symbol] == nil else {
                throw .invalidManifest(field: name, expected: "distinct texts", got: value.text)
            }
            indices[symbol] = symbols.count
            symbols.append(symbol)
        }
        self.symbols = symbols
        self.indices = indices
        longest = symbols.map(\.count).max() ?? 1
        isSpaced = false
    }

    public func index(of symbol: String) -> Int? {
        indices[symbol]
    }

    /// Indices of a text's symbols, the longest that fits first.
    public func encode(_ text: String) throws(VocabularyError) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(text.utf8.count)
        var rest = Substring(text)
        var position = 0
        while let first = rest.first {
            if isSpaced, first.isWhitespace {
                rest.removeFirst()
                position += 1
                continue
            }
            guard let (index, length) = match(rest) else {
                throw VocabularyError(symbol: String(first), position: position)
            }
            result.append(Int32(index))
            rest.removeFirst(length)
            position += length
        }
        return result
    }

    /// The text of indices; those outside of the vocabulary are skipped.
    public func decode(_ indices: [Int32]) -> String {
        indices.filter { symbols.indices.contains(Int($0)) }.map { symbols[Int($0)] }
            .joined(separator: isSpaced ? " " : "")
    }

    private func match(_ text: Substring) -> (index: Int, length: Int)? {
        if isSpaced {
            let word = text.prefix { !$0.isWhitespace }
            return indices[String(word)].map { ($0, word.count) }
        }
        var candidate = text.prefix(longest)
        while let last = candidate.indices.last {
            if let index = indices[String(candidate)] { return (index, candidate.count) }
            candidate = candidate[..<last]
        }
        return nil
    }
}
