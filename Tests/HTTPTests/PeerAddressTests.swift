import Testing

@testable import HTTP

@Suite struct PeerAddressTests {
    static let texts: [(UInt64, UInt64, String)] = [
        (0, 0xFFFF_7F00_0001, "127.0.0.1"), (0, 1, "::1"), (0, 0, "::"),
        (0x2001_0DB8_0000_0000, 0x0000_0000_0000_0001, "2001:db8::1"),
        (0x2001_0DB8_0000_0001, 0x0001_0001_0001_0001, "2001:db8:0:1:1:1:1:1"),
        (0xFE80_0000_0000_0000, 0x0001_0000_0000_0000, "fe80::1:0:0:0"),
    ]

    @Test(arguments: texts)
    func `is written as RFC 5952 says`(high: UInt64, low: UInt64, text: String) {
        #expect(PeerAddress(high: high, low: low).description == text)
    }

    @Test func `an IPv6 client is its 64 bits, an IPv4 client its address`() {
        let first = PeerAddress(high: 5, low: 1), second = PeerAddress(high: 5, low: 2)
        #expect(first.network == second.network)
        let third = PeerAddress(high: 0, low: 0xFFFF_0000_0001)
        #expect(third.network == third)
    }
}
