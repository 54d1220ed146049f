extension MultipartReader {
    /// A part from the lines of its header.
    func part(
        _ header: [UInt8],
        number: Int,
        range: Range<Int>
    ) throws(MultipartError) -> MultipartPart {
        guard let text = String(validating: header, as: UTF8.self) else {
            throw .invalidHeader(part: number, reason: "it is not UTF-8")
        }
        var part = MultipartPart(name: "", range: range)
        var hasName = false
        // "\r\n" is one Character, so that lone line ends stay inside a line and are refused below.
        for line in text.split(separator: "\r\n") {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else {
                throw .invalidHeader(part: number, reason: "a line has no colon")
            }
            guard line.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x09 }) else {
                throw .invalidHeader(part: number, reason: "a line has a control character")
            }
            let value = String(line[line.index(after: colon)...])
            switch line[..<colon].lowercased() {
            case "content-disposition":
                guard let field = HeaderValue(value), field.value.lowercased() == "form-data" else {
                    let reason = "its Content-Disposition is not form-data with parameters"
                    throw .invalidHeader(part: number, reason: reason)
                }
                hasName = field.parameters["name"] != nil
                part.name = field.parameters["name"] ?? ""
                part.filename = field.parameters["filename"]
            case "content-type":
                part.contentType = HeaderValue.trimmed(value[...])
            default: break  // RFC 7578 section 4.8: others must be ignored.
            }
        }
        guard hasName else { throw .missingName(part: number) }
        return part
    }
}

/// A field value of the form `value; name=token; name="quoted"`.
struct HeaderValue {
    let value: String
    /// By name in lower case.
    private(set) var parameters: [String: String] = [:]

    /// nil if the parameters do not follow the grammar, or one is given twice.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        var offset = bytes.firstIndex(of: UInt8(ascii: ";")) ?? bytes.count
        value = Self.trimmed(String(decoding: bytes[..<offset], as: UTF8.self)[...])
        while offset < bytes.count {
            guard bytes[offset] == UInt8(ascii: ";") else { return nil }
            offset = Self.skipSpace(bytes, offset + 1)
            // A semicolon at the end is common and harmless.
            if offset == bytes.count { break }
            guard let equals = bytes[offset...].firstIndex(of: UInt8(ascii: "=")) else {
                return nil
            }
            let name = String(decoding: bytes[offset..<equals], as: UTF8.self).lowercased()
            guard let parameter = Self.parameter(bytes, equals + 1) else { return nil }
            guard parameters.updateValue(parameter.text, forKey: name) == nil else { return nil }
            offset = Self.skipSpace(bytes, parameter.end)
        }
    }

    static func trimmed(_ text: Substring) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let front = text.drop(while: isSpace)
        let back = front.reversed().prefix(while: isSpace).count
        return String(front.dropLast(back))
    }

    private static func skipSpace(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex { $0 != 0x20 && $0 != 0x09 } ?? bytes.count
    }

    private static func parameter(_ bytes: [UInt8], _ start: Int) -> (text: String, end: Int)? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: ";")) ?? bytes.count
            return (trimmed(String(decoding: bytes[start..<end], as: UTF8.self)[...]), end)
        }
        var text: [UInt8] = []
        var offset = start + 1
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
            let next = offset + 1 < bytes.count ? bytes[offset + 1] : 0
            // Other backslashes are meant: old browsers send whole Windows paths.
            let isEscape =
                bytes[offset] == UInt8(ascii: "\\")
                && (next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\"))
            if isEscape { offset += 1 }
            text.append(bytes[offset])
            offset += 1
        }
        guard offset < bytes.count else { return nil }
        return (String(decoding: text, as: UTF8.self), offset + 1)
    }
}
