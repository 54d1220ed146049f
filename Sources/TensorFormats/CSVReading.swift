/// Why a text is not a table of numbers.
public enum CSVError: Error, Equatable, Sendable {
    case invalidText
    case empty
    /// A field that is no finite number; line and column count from 1.
    case notANumber(String, line: Int, column: Int)
    case ragged(line: Int, expected: Int, got: Int)
    case tooManyValues(limit: Int)
}

extension CSVError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidText: "The table is not valid UTF-8 text."
        case .empty: "The table has no line of numbers."
        case .notANumber(let text, let line, let column):
            "Line \(line), column \(column) of the table: \"\(text)\" is not a finite number."
        case .ragged(let line, let expected, let got):
            "Line \(line) of the table has \(got) columns, the lines before have \(expected)."
        case .tooManyValues(let limit): "The table has more than \(limit) numbers."
        }
    }
}

extension CSV {
    /// Reads lines of numbers with commas, semicolons or tabs between them: [lines, columns].
    ///
    /// A first line without any number is a header and skipped, as are empty lines; at most `limit` numbers.
    public static func decode(_ bytes: [UInt8], limit: Int) throws(CSVError) -> TensorData {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidText }
        var values: [Float] = []
        var columns = 0
        var rows = 0
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            let fields = fields(of: line)
            if fields.isEmpty || rows == 0 && number == 1 && isHeader(fields) { continue }
            guard rows == 0 || fields.count == columns else {
                throw .ragged(line: number, expected: columns, got: fields.count)
            }
            guard values.count + fields.count <= limit else { throw .tooManyValues(limit: limit) }
            for (column, field) in fields.enumerated() {
                guard let value = Float(field), value.isFinite else {
                    let shown = String(field.prefix(40))
                    throw .notANumber(shown, line: number, column: column + 1)
                }
                values.append(value)
            }
            (columns, rows) = (fields.count, rows + 1)
        }
        guard rows > 0 else { throw .empty }
        return TensorData(shape: [rows, columns], values: values)
    }

    /// The fields without blanks around them; none for an empty line.
    private static func fields(of line: Substring) -> [Substring] {
        if line.allSatisfy(\.isWhitespace) { return [] }
        return line.split(omittingEmptySubsequences: false) { ",;\t".contains($0) }.map { field in
            var field = field.drop(while: \.isWhitespace)
            while field.last?.isWhitespace == true { field.removeLast() }
            return field
        }
    }

    /// Names only; words that stand for numbers which are not finite are no names.
    private static func isHeader(_ fields: [Substring]) -> Bool {
        fields.allSatisfy { Float($0) == nil && !$0.isEmpty }
    }
}
