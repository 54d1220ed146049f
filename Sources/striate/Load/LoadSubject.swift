import FoundationEssentials
import TensorFormats

/// What is asked for, again and again.
struct LoadSubject: Sendable {
    enum Kind: String, CaseIterable {
        /// What the model is for: pictures, symbols or rows, by its own route.
        case model
        /// Steps of a session for each connection.
        case session
        /// Tensors by the Open Inference Protocol.
        case infer
    }

    let place: LoadPlace
    let key: String?
    /// The request; of sessions the step without its position.
    let path: String
    let body: [UInt8]
    let type: String
    /// Of sessions: the model to begin one of.
    let sessionModel: String?
    let words: String

    /// Asks the server what the model takes.
    init(
        _ place: LoadPlace,
        model: String?,
        kind: Kind,
        file: String?,
        text: String,
        key: String?
    ) throws {
        (self.place, self.key) = (place, key)
        guard let model else {
            guard let file else {
                throw LoadFault("name a --model, or a --file to be posted to \(place.path)")
            }
            (path, type, sessionModel) = (place.path, Self.type(of: file), nil)
            body = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
            words = "POST \(path), \(body.count) bytes"
            return
        }
        let client = LoadAsking(place, key: key)
        let document = try client.json("/models/\(model)")
        let operations = document["operations"] as? [String] ?? []
        let example = (document["examples"] as? [String])?.first
        switch kind {
        case .session:
            (sessionModel, path) = (model, "/step?top=1")
            (body, type) = (Array(Self.json(text: text).utf8), "application/json")
            words = "POST /sessions/…/step, \(text.count) symbols"
        case .infer:
            path = "/v2/models/\(model)/infer"
            body = Self.tensors(try client.json("/v2/models/\(model)"))
            (type, sessionModel) = ("application/json", nil)
            words = "POST \(path), \(body.count) bytes"
        case .model:
            guard let operation = operations.first, operation != "graph" else {
                throw LoadFault("\(model) takes tensors: ask it with --as infer")
            }
            path = "/models/\(model)/\(operation)"
            sessionModel = nil
            if let file {
                body = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
                type = Self.type(of: file)
            } else if operation == "next" || example == nil {
                (body, type) = (Array(Self.json(text: text).utf8), "application/json")
            } else {
                let name = example ?? ""
                body = try client.bytes("/models/\(model)/examples/\(name)")
                type = Self.type(of: name)
            }
            words = "POST \(path), \(body.count) bytes"
        }
    }

    private static func json(text: String) -> String {
        String(decoding: JSON.object([("text", .string(text))]).text, as: UTF8.self)
    }

    private static func type(of file: String) -> String {
        switch file.split(separator: ".").last?.lowercased() {
        case "json": "application/json"
        case "csv": "text/csv"
        case "txt": "text/plain"
        case "npy": "application/x-npy"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        default: "application/octet-stream"
        }
    }

    /// Zeros for every input that must be there, one where a size may vary.
    private static func tensors(_ metadata: [String: Any]) -> [UInt8] {
        let inputs = (metadata["inputs"] as? [[String: Any]] ?? []).filter { $0["optional"] == nil }
        let given: [JSON] = inputs.map { port in
            let shape = (port["shape"] as? [Double] ?? []).map { max(1, Int($0)) }
            let zeros = [JSON](repeating: .integer(0), count: shape.reduce(1, *))
            return [
                "name": .string(port["name"] as? String ?? ""),
                "datatype": .string(port["datatype"] as? String ?? ""),
                "shape": .integers(shape), "data": .array(zeros),
            ]
        }
        return JSON.object([("inputs", .array(given))]).text
    }

    func request(_ path: String, _ body: [UInt8]) -> [UInt8] {
        let access = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let head = """
            POST \(path) HTTP/1.1\r
            Host: \(place.authority)\r
            Content-Type: \(type)\r
            Content-Length: \(body.count)\r
            \(access)\r

            """
        return Array(head.utf8) + body
    }
}

/// Something is wrong with the load that was asked for.
struct LoadFault: Error, CustomStringConvertible {
    let description: String

    init(_ words: String) { description = words }
}
