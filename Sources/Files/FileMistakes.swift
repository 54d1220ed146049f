package import Graph

/// Files that are not what their names say, told by how they begin.
package enum FileMistakes {
    /// Git's stand-in for a large file that was not fetched.
    static func refusePointer(_ file: RegularFile) throws(ModelError) {
        let sign = Array("version https://git-lfs.github.com/spec/".utf8)
        guard file.size >= sign.count, file.size < 1024,
            try file.bytes(0..<sign.count) == sign
        else { return }
        throw .file(
            name: file.name,
            reason: "is a Git LFS pointer, not the file itself: fetch it with \"git lfs pull\""
        )
    }

    /// What a file of weights is instead; nil if nothing is known of how it begins.
    package static func description(
        of file: RegularFile,
        isSafeTensors: Bool = false
    ) throws(ModelError) -> String? {
        guard file.size > 0 else { return "is empty: copy it again" }
        let start = try file.bytes(0..<min(file.size, 4096))
        func begins(_ bytes: [UInt8], at place: Int = 0) -> Bool {
            start.dropFirst(place).starts(with: bytes)
        }
        func begins(_ text: String, at place: Int = 0) -> Bool {
            begins(Array(text.utf8), at: place)
        }
        // The length before a header may be any bytes, those that other files begin with too.
        if isSafeTensors, start.dropFirst(4).prefix(4).allSatisfy({ $0 == 0 }), begins("{", at: 8) {
            return nil
        }
        let text = String(decoding: start, as: UTF8.self)
        if start.allSatisfy({ $0 == 0 }) { return "holds zeros only: copy it again" }
        if begins("PK\u{3}\u{4}") {
            return text.contains("data.pkl")
                ? "is a PyTorch file: export the model to ONNX (torch.onnx.export)"
                : "is a zip archive: unpack it, or export the model to ONNX"
        }
        if begins([0x80, 0x02, 0x8A, 0x0A]) || begins([0x80, 0x02, 0x63])
            || begins([0x80, 0x04, 0x95])
        {
            return "is a Python pickle, such as an old PyTorch file: export the model to ONNX"
        }
        if begins([0x1F, 0x8B]) { return "is packed by gzip: unpack it (gunzip)" }
        if begins([0x89] + Array("HDF\r\n".utf8)) {
            return "is an HDF5 file, such as Keras writes: export the model to ONNX (tf2onnx)"
        }
        if begins("TFL3", at: 4) {
            return "is a TensorFlow Lite file: convert it to ONNX (tf2onnx)"
        }
        if begins("ORTM", at: 4) { return "is in onnxruntime's own format: take the .onnx file" }
        if begins("GGUF") { return "is a GGUF file: take the model as ONNX" }
        if !isSafeTensors, begins("{\"", at: 8) {
            return "is a safetensors file: call it model.safetensors, beside a model.json"
        }
        if begins([0x93] + Array("NUMPY".utf8)) { return "is a NumPy array, not a model" }
        if isSavedModel(start, size: file.size) {
            return "is a TensorFlow SavedModel: convert it to ONNX (tf2onnx)"
        }
        return textual(text)
    }

    private static func textual(_ text: String) -> String? {
        let words = text.prefix(512).drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        if words.hasPrefix("<!doctype html") || words.hasPrefix("<html")
            || words.hasPrefix("<?xml")
        {
            return "is a web page, not a model: the download answered with one"
        }
        if words.hasPrefix("<") && words.contains("ir_version") {
            return "is ONNX written as text: save it in ONNX's binary form"
        }
        if words.hasPrefix("{") || words.hasPrefix("[") { return "is JSON, not a model" }
        return nil
    }

    /// schema_version 1, then a meta graph that is most of the file; ONNX has a short name of its maker there.
    private static func isSavedModel(_ start: [UInt8], size: Int) -> Bool {
        guard start.count > 8, start[0] == 0x08, start[1] == 0x01, start[2] == 0x12 else {
            return false
        }
        var (length, shift, place) = (0, 0, 3)
        while place < 8 {
            length |= Int(start[place] & 0x7F) << shift
            shift += 7
            place += 1
            if start[place - 1] < 0x80 { break }
        }
        return place < start.count && start[place] == 0x0A && length > 1024 && length <= size
    }
}
