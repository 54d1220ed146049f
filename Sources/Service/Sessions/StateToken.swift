import Foundation
import Graph
import Models
import Synchronization
import TensorFormats

/// States that travel with their clients, sealed so that nobody else makes, reads or changes one.
final class StateTokens: Sendable {
    private let keys: Mutex<StateKeys>

    init(_ keys: StateKeys) {
        self.keys = Mutex(keys)
    }

    /// From now on these seal and open.
    func use(_ keys: StateKeys) { self.keys.withLock { $0 = keys } }

    /// Whether tokens outlive this process.
    var areKept: Bool { keys.withLock(\.areKept) }

    /// A token for a state of the model, good for `seconds`, for the holder of a key of this name or for anybody.
    func seal(
        _ carried: CarriedState,
        of model: Model,
        digest: [UInt8],
        keyName: String?,
        seconds: Int
    ) -> String {
        let end = Int(Date().timeIntervalSince1970) + seconds
        let content = TokenContent(
            model: model.name,
            digest: digest,
            keyName: keyName ?? "",
            end: end,
            carried: carried
        )
        let sealed = keys.withLock(\.self).seal(content.bytes)
        return Base64.urlEncode(sealed)
    }

    /// The state of a token.
    func open(
        _ token: String,
        of model: Model,
        digest: () throws(ServiceError) -> [UInt8],
        keyName: String?
    ) throws(ServiceError) -> CarriedState {
        func invalid(_ reason: String) -> ServiceError {
            .session("", .invalidState(reason: reason))
        }
        guard let sealed = Base64.urlDecode(token) else {
            throw invalid("it is no base64url text")
        }
        guard let bytes = keys.withLock(\.self).open(sealed),
            let content = TokenContent(bytes), content.keyName == keyName ?? ""
        else {
            throw invalid(
                "it was not sealed by this server for you, its key is gone, or it was changed on its way"
            )
        }
        guard content.end > Int(Date().timeIntervalSince1970) else {
            throw invalid("it has expired")
        }
        guard content.model == model.name else {
            throw .session(
                "",
                .stateOfOtherModel(model: model.name, reason: "it is of \"\(content.model)\"")
            )
        }
        guard try content.digest == digest(), model.takes(content.carried.state) else {
            throw .session(
                "",
                .stateOfOtherModel(model: model.name, reason: "its weights are others now")
            )
        }
        return content.carried
    }
}

/// What a token holds, as bytes: little-endian numbers, texts and lists behind their lengths.
private struct TokenContent {
    let model: String
    let digest: [UInt8]
    let keyName: String
    /// Seconds since 1970.
    let end: Int
    let carried: CarriedState

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.text(model)
        writer.list(digest)
        writer.text(keyName)
        writer.number(end)
        writer.number(carried.state.position)
        writer.number(carried.unread.map { Int($0) } ?? -1)
        writer.floats(carried.scores)
        writer.number(carried.state.tensors.count)
        for tensor in carried.state.tensors {
            writer.number(tensor.shape.rank)
            for size in tensor.shape.dimensions { writer.number(size) }
            writer.floats(tensor.floats ?? [])
        }
        return writer.bytes
    }
}

extension TokenContent {
    /// Nil for bytes that are no content; they were sealed by a key of ours, so that only another form can be the cause.
    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let model = reader.text(), let digest = reader.list(),
            let keyName = reader.text(), let end = reader.number(),
            let position = reader.number(), let unread = reader.number(),
            let scores = reader.floats(), let count = reader.number(), (0...4096).contains(count)
        else { return nil }
        var tensors: [Tensor] = []
        for _ in 0..<count {
            guard let rank = reader.number(), (0...16).contains(rank) else { return nil }
            var sizes: [Int] = []
            for _ in 0..<rank {
                guard let size = reader.number(), size >= 0 else { return nil }
                sizes.append(size)
            }
            let shape = Shape(sizes)
            guard let floats = reader.floats(), shape.checkedCount == floats.count else {
                return nil
            }
            tensors.append(Tensor(shape: shape, floats: floats))
        }
        guard reader.isAtEnd, position >= 0 else { return nil }
        self.init(
            model: model,
            digest: digest,
            keyName: keyName,
            end: end,
            carried: CarriedState(
                state: SequenceState(tensors: tensors, position: position),
                unread: Int32(exactly: unread).flatMap { $0 >= 0 ? $0 : nil },
                scores: scores
            )
        )
    }
}

private struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number(_ value: Int) {
        for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }

    mutating func list(_ list: [UInt8]) {
        number(list.count)
        bytes += list
    }

    mutating func text(_ text: String) { list(Array(text.utf8)) }

    mutating func floats(_ values: [Float]) {
        list(Tensor(shape: [values.count], floats: values).elements.bytes)
    }
}

private struct ByteReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { place == bytes.count }

    mutating func number() -> Int? {
        guard let part = take(8) else { return nil }
        let bits = part.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(Int64(bitPattern: bits))
    }

    mutating func list() -> [UInt8]? {
        guard let count = number(), count >= 0 else { return nil }
        return take(count).map { Array($0) }
    }

    mutating func text() -> String? { list().map { String(decoding: $0, as: UTF8.self) } }

    mutating func floats() -> [Float]? {
        guard let bytes = list(), bytes.count % 4 == 0 else { return nil }
        if case .floats(let values) = Tensor.Elements(bytes: bytes, as: .float32) { return values }
        return nil
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= bytes.count - place else { return nil }
        defer { place += count }
        return bytes[place..<place + count]
    }
}
