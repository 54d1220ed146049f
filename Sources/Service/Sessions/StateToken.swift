import FoundationEssentials
import Glibc
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
        writer.carried(carried)
        return writer.bytes
    }
}

extension TokenContent {
    /// Nil for bytes that are no content; they were sealed by a key of ours, so that only another form can be the cause.
    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let model = reader.text(), let digest = reader.list(),
            let keyName = reader.text(), let end = reader.number(),
            let carried = reader.carried(), reader.isAtEnd
        else { return nil }
        self.init(
            model: model,
            digest: digest,
            keyName: keyName,
            end: end,
            carried: carried
        )
    }
}
