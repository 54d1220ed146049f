import CLinux
import Glibc

/// The other end of a connection; IPv4 addresses as IPv6 maps them (RFC 4291 §2.5.5.2).
public struct PeerAddress: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// The end of a connected socket; nil if it is not connected any more, or no IP socket.
    init?(socket: Int32) {
        var bytes: (UInt64, UInt64) = (0, 0)
        guard unsafe clinux_peer_address(socket, &bytes.0, &bytes.1) == 0 else { return nil }
        high = UInt64(bigEndian: bytes.0)
        low = UInt64(bigEndian: bytes.1)
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The address's 16 bytes, as they are sent.
    public var bytes: [UInt8] {
        [high, low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
        }
    }

    /// Nil for other than 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        let halves = [bytes[..<8], bytes[8...]].map {
            $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        (high, low) = (halves[0], halves[1])
    }

    private var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// What surely belongs to one client: the address, of IPv6 the first 64 bits.
    public var network: PeerAddress {
        isIPv4 ? self : PeerAddress(high: high, low: 0)
    }
}

extension PeerAddress: CustomStringConvertible {
    public var description: String {
        if isIPv4 {
            return (0..<4).map { String(low >> (24 - 8 * UInt64($0)) & 255) }
                .joined(separator: ".")
        }
        let groups = (0..<8).map { index -> UInt64 in
            (index < 4 ? high : low) >> (48 - 16 * UInt64(index % 4)) & 0xFFFF
        }
        // RFC 5952 §4.2: the first of the longest runs of zeros is left out.
        var best = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let text = { (part: ArraySlice<UInt64>) in
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if best.isEmpty { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}
