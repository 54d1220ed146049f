import HTTP
import Texts

/// Names what an answer shows, so that a client which has it need not be sent it again (RFC 9110 §8.8.3).
///
/// Weak, as packing changes the bytes and not what they say.
struct EntityTag: Sendable {
    let text: String

    init(of body: [UInt8]) {
        text = "W/\"\(hexadecimal(SHA256Digest.bytes(of: body)).prefix(32))\""
    }

    /// Whether a client that sends this If-None-Match has the answer already (§13.1.2).
    func isKnown(to field: String?) -> Bool {
        guard let field else { return false }
        return field.split(separator: ",").map { trimmed($0) }.contains { entry in
            entry == "*" || Self.opaque(entry) == Self.opaque(text[...])
        }
    }

    /// Weak comparison ignores the mark (§8.8.3.2).
    private static func opaque(_ tag: Substring) -> Substring {
        tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
    }
}
