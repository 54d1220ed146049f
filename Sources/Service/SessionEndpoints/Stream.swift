import HTTP
import Models
import TensorFormats

/// `GET /models/{m}/stream`: a WebSocket that is one session for the connection's life.
enum Stream {
    static let route = Route(
        method: .get,
        template: "/models/{model}/stream",
        summary: """
            A WebSocket (RFC 6455) that is one session for the connection's life: a text frame carries a step as JSON, a \
            binary frame one tensor; each is answered by a frame.
            """,
        query: [
            QueryKey(
                name: "top",
                kind: .integer(1...1_000_000),
                summary: "How many symbols or labels, the likeliest first; 5 unless given."
            ),
            QueryKey(
                name: "all",
                kind: .flag,
                summary: "true: an answer for each step of a frame."
            ),
            QueryKey(
                name: "outputs",
                kind: .text,
                summary: "Names of outputs or layers, separated by commas, as for a session's step."
            ),
            QueryKey(
                name: "datatype",
                kind: .text,
                summary: """
                    What binary frames hold, little-endian: the input's own type (FP32, INT64, …), which is also what it is \
                    unless given; of symbols INT32.
                    """
            ),
            QueryKey(
                name: "constants",
                kind: .text,
                summary:
                    "Inputs that every binary frame goes with, as sr:16000, separated by commas."
            ),
        ],
        opensSocket: true,
        document: RouteDocument(success: .switchingProtocols),
        answer: { (call) throws(ServiceError) in
            throw .webSocket(.notAsked)
        }
    )
}

/// How the frames of a WebSocket become steps of its session.
struct StreamFrames: Sendable {
    private let model: Model
    private let datatype: Datatype
    /// The shape that a binary frame's tensor has; the one size that may vary follows from the bytes.
    private let input: ModelSignature.Port?
    private let constants: [(name: String, value: String)]
    private let outputs: [String]?

    /// Checks what the query says of frames.
    init(_ call: Call) throws(ServiceError) {
        let model = try call.model
        self.model = model
        constants = try Self.constants(call.text("constants"), of: model)
        let given = constants.map(\.name)
        let isOfSymbols = model.manifest.input.symbolCount != nil
        let inputs = model.signature.inputs.filter { !$0.isOptional && !given.contains($0.name) }
        input = isOfSymbols || inputs.count != 1 ? nil : inputs[0]
        outputs = isOfSymbols ? nil : try call.names("outputs")
        let own = isOfSymbols ? Datatype.int32 : input.map { Datatype($0.type) } ?? .float32
        guard let name = call.text("datatype") else {
            datatype = own
            return
        }
        let allowed = isOfSymbols ? [Datatype.int32, .int64, .uint8] : [own]
        guard let known = Datatype(rawValue: name), allowed.contains(known) else {
            throw .invalidValue(
                field: "datatype",
                expected: allowed.map(\.rawValue).joined(separator: " or "),
                got: name
            )
        }
        datatype = known
    }

    private static func constants(
        _ text: String?,
        of model: Model
    ) throws(ServiceError) -> [(name: String, value: String)] {
        var constants: [(name: String, value: String)] = []
        for part in (text ?? "").split(separator: ",") {
            let pieces = part.split(separator: ":", maxSplits: 1).map(String.init)
            guard pieces.count == 2, Double(pieces[1]) != nil,
                model.signature.inputs.contains(where: { $0.name == pieces[0] })
            else {
                throw .invalidValue(
                    field: "constants",
                    expected: "inputs with a number each, as sr:16000",
                    got: String(part)
                )
            }
            constants.append((pieces[0], pieces[1]))
        }
        return constants
    }

    /// A step's body and its fields.
    typealias Step = (body: [UInt8], headers: [(String, String)])

    func step(_ message: WebSocketMessage) throws(WebSocketClose) -> Step {
        switch message {
        case .text(let text): return (Array(text.utf8), [("Content-Type", "application/json")])
        case .binary(let bytes):
            return model.manifest.input.symbolCount != nil ? try symbols(bytes) : try tensor(bytes)
        }
    }

    private func symbols(_ bytes: [UInt8]) throws(WebSocketClose) -> Step {
        let width = datatype.byteCount ?? 1
        guard !bytes.isEmpty, bytes.count % width == 0 else { throw wrongSize(bytes.count) }
        let tokens = stride(from: 0, to: bytes.count, by: width).map { start in
            let bits = (0..<width).reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64(bytes[start + $1])
            }
            return width == 8 ? Int(truncatingIfNeeded: bits) : Int(bits)
        }
        let body: JSON = ["tokens": .integers(tokens)]
        return (body.text, [("Content-Type", "application/json")])
    }

    /// The input as the protocol's binary data, and the constants beside it.
    private func tensor(_ bytes: [UInt8]) throws(WebSocketClose) -> Step {
        guard let input, let width = datatype.byteCount else {
            throw WebSocketClose(
                code: 1003,
                reason: "binary frames need a model of one input; name others by constants"
            )
        }
        let count = bytes.count / width
        var sizes = input.dimensions
        if sizes.filter({ $0 == nil }).count > 1, sizes[0] == nil { sizes[0] = 1 }
        let known = sizes.compactMap { $0 }.reduce(1, *)
        let open = sizes.filter { $0 == nil }.count
        guard bytes.count % width == 0, count > 0, known > 0, open <= 1,
            open == 1 ? count % known == 0 : count == known
        else { throw wrongSize(bytes.count) }
        let shape = sizes.map { $0 ?? count / known }
        var inputs: [JSON] = [
            [
                "name": .string(input.name), "datatype": .string(datatype.rawValue),
                "shape": .integers(shape),
                "parameters": ["binary_data_size": .integer(bytes.count)],
            ]
        ]
        for (name, value) in constants {
            guard let port = model.signature.inputs.first(where: { $0.name == name }) else {
                continue
            }
            let shape = port.dimensions.map { $0 ?? 1 }
            let number = Int(value).map { JSON.integer($0) } ?? .number(Double(value) ?? 0)
            inputs.append([
                "name": .string(name), "datatype": .string(Datatype(port.type).rawValue),
                "shape": .integers(shape),
                "data": .array(Array(repeating: number, count: shape.reduce(1, *))),
            ])
        }
        var members: [(String, JSON)] = [("inputs", .array(inputs))]
        if let outputs {
            members.append(("outputs", .array(outputs.map { ["name": .string($0)] })))
        }
        let header = JSON.object(members).text
        return (
            header + bytes,
            [
                ("Content-Type", "application/octet-stream"),
                ("Inference-Header-Content-Length", String(header.count)),
            ]
        )
    }

    private func wrongSize(_ count: Int) -> WebSocketClose {
        let expected = input.map { " \($0.description)" } ?? ""
        return WebSocketClose(
            code: 1003,
            reason: "\(count) bytes are no tensor of \(datatype.rawValue)\(expected)"
        )
    }
}
