import Foundation
import Glibc

/// Seconds that a test waits for what must come: a busy machine is slow, and that is no failure.
let patience = 60.0

/// A raw socket to a server, for sending what no HTTP client would send.
final class Client {
    let descriptor: Int32
    private var received: [UInt8] = []

    /// `host` is the last number of the client's own address, 127.0.0.host.
    init(port: Int, receiveBuffer: Int32? = nil, host: UInt32 = 1) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            unsafe setsockopt(
                descriptor,
                SOL_SOCKET,
                SO_RCVBUF,
                &size,
                socklen_t(MemoryLayout<Int32>.size)
            )
        }
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var own = Self.address(0x7F00_0000 | host, port: 0)
        var other = Self.address(0x7F00_0001, port: UInt16(port))
        let result = unsafe withUnsafePointer(to: &own) { own in
            unsafe own.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe host == 1 ? 0 : bind(descriptor, $0, size)
            }
        }
        if result < 0 { throw CocoaError(.fileNoSuchFile) }
        let connected = unsafe withUnsafePointer(to: &other) { other in
            unsafe other.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, size)
            }
        }
        if connected < 0 { throw CocoaError(.fileNoSuchFile) }
    }

    private static func address(_ host: UInt32, port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return address
    }

    deinit {
        close(descriptor)
    }

    /// Sends everything, or what the server takes before it resets the connection.
    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0 { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// Says that nothing more will be sent.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Makes closing send a reset.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_LINGER,
            &option,
            socklen_t(MemoryLayout<linger>.size)
        )
    }

    /// One read; nil when nothing came within `seconds`, empty at the end or on a reset.
    func read(within seconds: Double) -> [UInt8]? {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if unsafe Glibc.poll(&poll, 1, Int32(seconds * 1000)) == 0 { return nil }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        return Array(buffer.prefix(max(count, 0)))
    }

    /// The next answer; nil if the connection ends before, or nothing comes within `seconds`.
    func answer(toHead: Bool = false, within seconds: Double = patience) -> Answer? {
        while true {
            if let (answer, count) = Answer.parse(received, toHead: toHead) {
                received.removeFirst(count)
                return answer
            }
            guard let bytes = read(within: seconds), !bytes.isEmpty else { return nil }
            received += bytes
        }
    }

    /// What comes up to and with `end`; what came if the connection ends before.
    func text(through end: String) -> String {
        let end = Array(end.utf8)
        while true {
            if let range = received.firstRange(of: end) {
                defer { received.removeFirst(range.upperBound) }
                return String(decoding: received[..<range.upperBound], as: UTF8.self)
            }
            guard let bytes = read(within: patience), !bytes.isEmpty else {
                return String(decoding: received, as: UTF8.self)
            }
            received += bytes
        }
    }

    /// Everything until the server closes.
    func rest() -> String {
        while let bytes = read(within: patience), !bytes.isEmpty { received += bytes }
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// Whether the server closes within `seconds` without sending more.
    func isClosed(within seconds: Double = patience) -> Bool {
        received.isEmpty && read(within: seconds)?.isEmpty == true
    }
}

/// An answer as a client sees it.
struct Answer: Equatable {
    let status: Int
    /// By name in lower case.
    let fields: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The answer that `bytes` begin with and its length, or nil if it is not complete.
    static func parse(_ bytes: [UInt8], toHead: Bool) -> (Answer, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            .components(separatedBy: "\r\n")
        guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = parts.dropFirst().first.map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
        if fields["transfer-encoding"] == "chunked", !toHead {
            return chunkedBody(bytes[end.upperBound...]).map { body, next in
                (Answer(status: status, fields: fields, body: body), next)
            }
        }
        let length = toHead ? 0 : Int(fields["content-length"] ?? "0") ?? 0
        guard bytes.count >= end.upperBound + length else { return nil }
        let body = Array(bytes[end.upperBound..<end.upperBound + length])
        return (Answer(status: status, fields: fields, body: body), end.upperBound + length)
    }

    /// A body of chunks without extensions or trailer and where it ends, or nil if it is not complete.
    private static func chunkedBody(_ bytes: ArraySlice<UInt8>) -> ([UInt8], Int)? {
        var body: [UInt8] = []
        var rest = bytes
        while let line = rest.firstRange(of: Array("\r\n".utf8)),
            let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16),
            rest.endIndex - line.upperBound >= size + 2
        {
            body += rest[line.upperBound..<line.upperBound + size]
            let next = line.upperBound + size + 2
            guard rest[(next - 2)..<next].elementsEqual("\r\n".utf8) else { return nil }
            if size == 0 { return (body, next) }
            rest = rest[next...]
        }
        return nil
    }
}
