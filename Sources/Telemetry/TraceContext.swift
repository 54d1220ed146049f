import Texts

/// Where a request stands in a distributed trace (W3C Trace Context, level 2).
public struct TraceContext: Sendable, Equatable {
    /// 128 bits, high half first.
    let traceID: (high: UInt64, low: UInt64)
    /// The client's span.
    let parentID: UInt64
    let isSampled: Bool
    /// What vendors have put beside it, as sent; nil if it was none or malformed.
    var state: String?

    private static let mostMembers = 32
    private static let longestState = 1024

    /// From the fields `traceparent` and `tracestate`, of which several may come; nil if the first is not valid.
    ///
    /// A bad one never fails a request (section 4.2).
    public init?(parent field: String, states: [String]) {
        self.init(parent: field)
        state = Self.state(states)
    }

    /// From `00-<32 hex>-<16 hex>-<2 hex>`; of higher versions what these 55 characters say.
    init?(parent field: String) {
        let text = Array(field.utf8)
        let dash = UInt8(ascii: "-")
        guard text.count >= 55, text[2] == dash, text[35] == dash, text[52] == dash,
            let version = Self.number(text[0..<2]), version != 0xFF,
            text.count == 55 || (version > 0 && text[55] == dash),
            let high = Self.number(text[3..<19]), let low = Self.number(text[19..<35]),
            let parent = Self.number(text[36..<52]), let flags = Self.number(text[53..<55]),
            high | low != 0, parent != 0
        else { return nil }
        traceID = (high, low)
        parentID = parent
        isSampled = flags & 1 == 1
    }

    public static func == (first: TraceContext, second: TraceContext) -> Bool {
        first.traceID == second.traceID && first.parentID == second.parentID
            && first.isSampled == second.isSampled && first.state == second.state
    }

    /// Lower-case hexadecimal digits only.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - 87)
            default: return nil
            }
        }
        return value
    }

    /// Several fields are one list (section 3.3).
    private static func state(_ fields: [String]) -> String? {
        let text = fields.joined(separator: ",")
        let members = text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
        guard !members.isEmpty, members.count <= mostMembers, text.utf8.count <= longestState,
            members.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") })
        else { return nil }
        return members.joined(separator: ",")
    }
}
