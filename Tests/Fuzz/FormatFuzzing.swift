import TensorFormats

/// Parts must lie inside the body, one after the other; the first line is the Content-Type.
@Sendable
func fuzzMultipart(_ bytes: [UInt8]) {
    let line = bytes.prefix { $0 != 10 }
    let body = Array(bytes.dropFirst(line.count + 1))
    let given = String(decoding: line, as: UTF8.self)
    for contentType in [given, "multipart/form-data; boundary=XX"] {
        guard let reader = try? MultipartReader(contentType: contentType) else { continue }
        // SAFETY: bytes have no padding.
        guard let parts = try? unsafe reader.parts(of: body.span.bytes) else { continue }
        precondition(parts.count <= reader.maximumParts)
        var end = 0
        for part in parts {
            precondition(part.range.lowerBound >= end && part.range.upperBound <= body.count)
            end = part.range.upperBound
        }
    }
}

/// What is read as numbers must be the same in place and as a copy, and when it is printed and read again.
@Sendable
func fuzzJSON(_ bytes: [UInt8]) {
    let padded = bytes + [UInt8](repeating: 0, count: 8)
    // SAFETY: the text outlives the closure, and eight zero bytes follow it.
    let inPlace = unsafe padded.withUnsafeBytes { text -> TensorData? in
        let text = unsafe UnsafeRawBufferPointer(rebasing: text.dropLast(8))
        var reader = unsafe JSONReader(withSlackAfter: text)
        return try? reader.tensor(limit: 10_000)
    }
    var reader = JSONReader(bytes)
    let tensor = try? reader.tensor(limit: 10_000)
    precondition(tensor?.shape == inPlace?.shape, "\(tensor as Any) \(inPlace as Any)")
    if let tensor {
        precondition(tensor.shape.reduce(1, *) == tensor.values.count)
        precondition(tensor.values.allSatisfy(\.isFinite))
        checkPrinting(tensor)
    }
    walk(bytes)
}

private func checkPrinting(_ tensor: TensorData) {
    var writer = JSONWriter()
    do {
        try writer.tensor(shape: tensor.shape, values: tensor.values.span)
        var reader = JSONReader(writer.bytes)
        let again = try reader.tensor(limit: tensor.values.count)
        try reader.end()
        precondition(
            again.values.map(\.bitPattern) == tensor.values.map(\.bitPattern),
            "\(tensor.values)"
        )
    } catch {
        preconditionFailure("\(error)")
    }
}

/// Reads every value by its kind, numbers in each of the ways there are.
private func walk(_ bytes: [UInt8]) {
    var reader = JSONReader(bytes)
    do {
        try visit(&reader)
        try reader.end()
    } catch {
        precondition(!error.description.isEmpty)
    }
}

private func visit(_ reader: inout JSONReader) throws(JSONError) {
    switch try reader.peek() {
    case .object:
        try reader.object { (_, reader) throws(JSONError) in try visit(&reader) }
    case .array:
        var copies = [reader, reader, reader, reader]
        _ = try? copies[0].elements(of: Int8.self, limit: 1000)
        _ = try? copies[1].elements(of: UInt64.self, limit: 1000)
        _ = try? copies[2].doubles(limit: 1000)
        _ = try? copies[3].booleans(limit: 1000)
        try reader.array { (_, reader) throws(JSONError) in try visit(&reader) }
    case .string: _ = try reader.string()
    case .number:
        var copy = reader
        _ = try? copy.integer()
        copy = reader
        _ = try? copy.float()
        let value = try reader.double()
        precondition(value.isFinite)
    case .boolean: _ = try reader.boolean()
    case .null: _ = try reader.null()
    }
}

/// NumPy's format, tables, base64 and packed files; the first byte chooses.
@Sendable
func fuzzArrays(_ bytes: [UInt8]) {
    let rest = Array(bytes.dropFirst())
    // SAFETY: bytes have no padding.
    let span = unsafe rest.span.bytes
    switch bytes.first.map({ $0 % 5 }) {
    case 0:
        guard let tensor = try? NPY.decode(span, limit: 10_000) else { return }
        precondition(tensor.shape.reduce(1, *) == tensor.values.count)
    case 1:
        guard let tensor = try? CSV.decode(rest, limit: 10_000) else { return }
        precondition(tensor.shape.reduce(1, *) == tensor.values.count)
    case 2:
        guard let decoded = try? Base64.decode(String(decoding: rest, as: UTF8.self)) else {
            return
        }
        precondition((try? Base64.decode(Base64.encode(decoded))) == decoded)
    case 3: _ = try? IDX.decode(span)
    default:
        guard let unpacked = try? Gunzip.decompress(span, limit: 100_000) else { return }
        precondition(unpacked.count <= 100_000)
    }
}
