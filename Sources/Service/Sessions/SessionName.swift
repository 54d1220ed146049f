import Models
import Telemetry
import TensorFormats

/// How a session is found: by whom it belongs to, and what it is called there.
struct SessionName: Hashable, Sendable {
    /// Whom a session belongs to; nobody else sees it.
    enum Owner: Hashable, Sendable {
        /// Without keys: everyone who knows the name.
        case everyone
        /// The holder of a key of this name.
        case key(String)
        /// Without keys, where clients choose names like 1 and 2: those of one network.
        case network(ClientIdentity)
    }

    let owner: Owner
    /// The version of a model that a sequence of the sequence extension was begun with; nil for a session of its own.
    private(set) var model: ModelLabel?
    let id: String

    init(owner: Owner, model: ModelLabel?, id: String) {
        (self.owner, self.model, self.id) = (owner, model, id)
    }

    /// A session by its own name.
    init(_ id: String, of keyName: String?) {
        owner = keyName.map(Owner.key) ?? .everyone
        self.id = id
    }

    /// A sequence by the name that its client gave it (the sequence extension).
    init(sequence id: String, of model: Model, _ client: ClientIdentity) {
        owner =
            if case .key(let name) = client { .key(name) } else { .network(client) }
        self.model = ModelLabel(name: model.name, version: model.version)
        self.id = id
    }

    /// Whose it is, for administrators.
    var ownerName: JSON {
        if case .key(let name) = owner { .string(name) } else { .null }
    }

    /// A name nobody can guess: 128 random bits.
    static func random() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Whether a client may choose it: 1 to 64 of A–Z, a–z, 0–9, _ and -.
    static func isChosen(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
