import Graph

/// The fields of a JSON object, each read once; a field nobody read is a mistake.
struct JSONFields {
    /// Where the object stands, such as `model.json, layer 3 "conv1"`.
    private(set) var path: String
    private var remaining: [String: JSONValue]
    private var known: [String] = []
    /// What is wrong with the whole file.
    private let mistakes: Mistakes

    init(
        _ value: JSONValue,
        at path: String,
        mistakes: Mistakes = Mistakes()
    ) throws(ModelError) {
        guard case .object(let fields) = value else {
            throw .invalidManifest(field: path, expected: "an object", got: value.text)
        }
        self.path = path
        self.mistakes = mistakes
        remaining = fields
    }

    /// How many mistakes were noted in the whole file.
    var mistakeCount: Int { mistakes.count }

    /// Notes and leaves out fields of other names, before anything that is missing is missed.
    mutating func expect(_ names: [String]) {
        known = names
        for name in remaining.keys.sorted() where !names.contains(name) {
            mistakes.note(unknown: name, at: path, known: names)
            remaining[name] = nil
        }
    }

    /// Notes and leaves out fields that have another name here; whether there was one.
    mutating func noteForeignWords(_ words: [String: String]) -> Bool {
        let foreign = remaining.keys.sorted().filter { words[$0] != nil }
        for name in foreign {
            mistakes.note(unknown: name, at: path, known: [])
            remaining[name] = nil
        }
        return !foreign.isEmpty
    }

    /// What `read` returns; nil where it throws, which is noted so that the rest can be read.
    mutating func attempt<Value>(
        _ read: (inout JSONFields) throws(ModelError) -> Value
    ) -> Value? {
        do throws(ModelError) {
            return try read(&self)
        } catch {
            mistakes.note(error)
            return nil
        }
    }

    /// Lets errors say what the object is called.
    mutating func call(_ name: String) {
        path += " \"\(name)\""
    }

    /// Whether there is a value of this name that nobody has read.
    func has(_ name: String) -> Bool { remaining[name].map { $0 != .null } ?? false }

    /// Whether that is a text.
    func hasText(_ name: String) -> Bool {
        if case .string = remaining[name] { true } else { false }
    }

    /// Whether that is a list.
    func hasList(_ name: String) -> Bool {
        if case .array = remaining[name] { true } else { false }
    }

    /// A value for a field that is not there.
    mutating func fill(_ name: String, _ value: JSONValue?) {
        if !has(name), let value { remaining[name] = value }
    }

    mutating func value(_ name: String) -> JSONValue? {
        let value = remaining.removeValue(forKey: name)
        return value == .null ? nil : value
    }

    mutating func string(_ name: String) throws(ModelError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value else { throw mismatch(name, "a text", value) }
        return text
    }

    /// A text; another value is noted.
    mutating func text(_ name: String) -> String? {
        attempt { (fields) throws(ModelError) in try fields.string(name) } ?? nil
    }

    /// Texts; another value is noted.
    mutating func list(_ name: String) -> [String]? {
        attempt { (fields) throws(ModelError) in try fields.strings(name) } ?? nil
    }

    mutating func requiredString(_ name: String) throws(ModelError) -> String {
        guard let text = try string(name) else {
            throw .invalidManifest(field: "\(path), \(name)", expected: "a text", got: "nothing")
        }
        return text
    }

    mutating func bool(_ name: String) throws(ModelError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let flag) = value else { throw mismatch(name, "true or false", value) }
        return flag
    }

    /// An integer from `minimum` to 2²⁴.
    mutating func int(_ name: String, minimum: Int = 1) throws(ModelError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.integer, number >= minimum, number <= 1 << 24 else {
            throw mismatch(name, "an integer from \(minimum)", value)
        }
        return number
    }

    /// A list of `count` integers from `minimum`.
    mutating func ints(_ name: String, count: Int, minimum: Int) throws(ModelError) -> [Int]? {
        guard let value = value(name) else { return nil }
        guard case .array(let values) = value, values.count == count else {
            throw mismatch(name, "\(count) integers", value)
        }
        var numbers: [Int] = []
        for element in values {
            guard let number = element.integer, number >= minimum, number <= 1 << 24 else {
                throw mismatch(name, "\(count) integers from \(minimum)", element)
            }
            numbers.append(number)
        }
        return numbers
    }

    mutating func double(_ name: String) throws(ModelError) -> Double? {
        guard let value = value(name) else { return nil }
        guard case .number(let number) = value else { throw mismatch(name, "a number", value) }
        return number
    }

    /// One number, or a list of them.
    mutating func doubles(_ name: String) throws(ModelError) -> [Double]? {
        guard let value = value(name) else { return nil }
        if case .number(let number) = value { return [number] }
        guard case .array(let values) = value else {
            throw mismatch(name, "a list of numbers", value)
        }
        var numbers: [Double] = []
        for element in values {
            guard case .number(let number) = element else {
                throw mismatch(name, "a list of numbers", element)
            }
            numbers.append(number)
        }
        return numbers
    }

    mutating func strings(_ name: String) throws(ModelError) -> [String]? {
        guard let value = value(name) else { return nil }
        guard case .array(let values) = value else {
            throw mismatch(name, "a list of texts", value)
        }
        var texts: [String] = []
        for element in values {
            guard case .string(let text) = element else {
                throw mismatch(name, "a list of texts", element)
            }
            texts.append(text)
        }
        return texts
    }

    mutating func object(_ name: String) throws(ModelError) -> JSONFields? {
        guard let value = value(name) else { return nil }
        return try JSONFields(value, at: "\(path), \(name)", mistakes: mistakes)
    }

    /// The objects of a list; each is called by its noun and its place, counted from 1.
    mutating func objects(
        _ name: String,
        each noun: String
    ) throws(ModelError) -> [JSONFields]? {
        guard let value = value(name) else { return nil }
        guard case .array(let values) = value else { throw mismatch(name, "a list", value) }
        var objects: [JSONFields] = []
        for (index, element) in values.enumerated() {
            let place = "\(path), \(noun) \(index + 1)"
            objects.append(try JSONFields(element, at: place, mistakes: mistakes))
        }
        return objects
    }

    /// One of a closed set of words.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        default word: Word
    ) throws(ModelError) -> Word where Word.RawValue == String {
        try optionalWord(name) ?? word
    }

    /// One of a closed set of words; nil if there is none.
    mutating func optionalWord<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(ModelError) -> Word? where Word.RawValue == String {
        guard let text = try string(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw mismatch(name, "one of \(known)", .string(text))
        }
        return word
    }

    /// Everything nobody read yet, by name.
    mutating func takeRest() -> [(name: String, value: JSONValue)] {
        let rest = remaining.sorted { $0.key < $1.key }
        remaining = [:]
        return rest.map { (name: $0.key, value: $0.value) }
    }

    /// Notes fields nobody read.
    func finish() {
        for name in remaining.keys.sorted() {
            mistakes.note(unknown: name, at: path, known: known.filter { $0 != name })
        }
    }

    /// The end of a file.
    ///
    /// - Throws: all that was wrong with it.
    func end() throws(ModelError) {
        // What was not read may have been left because of a mistake.
        if mistakes.count == 0 { finish() }
        try mistakes.end()
    }

    func mismatch(_ name: String, _ expected: String, _ got: JSONValue) -> ModelError {
        .invalidManifest(field: "\(path), \(name)", expected: expected, got: got.text)
    }
}
