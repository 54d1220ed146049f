import TensorFormats

/// The parameters of a request or of one of its tensors; those with no meaning here are left to the model, which has none.
struct InferParameters {
    // Of requests.
    /// "" is none.
    var sequenceID: String?
    var sequenceStart = false
    var sequenceEnd = false
    var priority: Int?
    /// Microseconds for queue and computation.
    var timeout: Int?
    var binaryDataOutput: Bool?
    // Of tensors.
    var binaryDataSize: Int?
    var binaryData: Bool?
    var classification: Int?
    var contentType: String?
    var sharedMemoryRegion: String?
    /// A key that is kept for the server's own use.
    var reserved: String?
    /// A state that travels with its client.
    var carried = CarriedOptions()

    init() {}

    init(_ reader: inout JSONReader) throws(JSONError) {
        var parameters = Self()
        try reader.object { (key, reader) throws(JSONError) in
            if try reader.null() { return }
            try parameters.read(key, &reader)
        }
        self = parameters
    }

    private mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "sequence_id": sequenceID = try Self.sequenceID(&reader)
        case "sequence_start": sequenceStart = try reader.boolean()
        case "sequence_end": sequenceEnd = try reader.boolean()
        case "priority": priority = try reader.integer()
        case "timeout": timeout = try reader.integer()
        case "binary_data_output": binaryDataOutput = try reader.boolean()
        case "binary_data_size": binaryDataSize = try reader.integer()
        case "binary_data": binaryData = try reader.boolean()
        case "classification": classification = try reader.integer()
        case "content_type": contentType = try reader.string()
        case "shared_memory_region": sharedMemoryRegion = try reader.string()
        case "state", "return_state", "position": _ = try carried.read(key, &reader)
        default: if key.hasPrefix("triton_") { reserved = key }
        }
    }

    /// A text and a number are different sequences; 0 and "" are none.
    private static func sequenceID(_ reader: inout JSONReader) throws(JSONError) -> String? {
        guard try reader.peek() == .number else {
            let text = try reader.string()
            guard text.utf8.count <= 256 else {
                throw reader.invalid("A sequence_id has at most 256 bytes.")
            }
            return text.isEmpty ? nil : "\"\(text)\""
        }
        let number = try reader.unsignedInteger()
        return number == 0 ? nil : String(number)
    }
}
