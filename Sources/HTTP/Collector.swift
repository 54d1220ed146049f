import CLinux
import Glibc

/// Where telemetry is posted: an `http://` address of a collector nearby.
public struct Collector: Sendable, Equatable {
    private static let timeout: Int32 = 5000
    private static let longestAnswer = 64 << 10

    let host: String
    let port: String
    let path: String

    /// nil if the text is no `http://host[:port][/path]`.
    public init?(_ address: String) {
        let scheme = "http://"
        guard address.lowercased().hasPrefix(scheme),
            address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        let rest = address.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        path = authority.endIndex == rest.endIndex ? "/" : String(rest[authority.endIndex...])
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            port = tail.isEmpty ? "80" : String(tail.dropFirst())
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { return nil }
            host = parts.first.map(String.init) ?? ""
            port = parts.count == 2 ? String(parts[1]) : "80"
        }
        guard !host.isEmpty, let number = UInt16(port), number > 0 else { return nil }
    }

    /// Posts JSON and waits for the answer, each step at most 5 s; whether it was 2xx.
    public func post(_ body: [UInt8]) -> Bool {
        let socket = unsafe clinux_connect(host, port, Self.timeout)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        let head = """
            POST \(path) HTTP/1.1\r\nHost: \(host.contains(":") ? "[\(host)]" : host):\(port)\r\n\
            Content-Type: application/json\r\nContent-Length: \(body.count)\r\n\
            Connection: close\r\n\r\n
            """
        return send(Array(head.utf8) + body, to: socket) && isAccepted(socket)
    }

    private func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            // SAFETY: send(2) only reads, and the pointer does not leave the closure.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    socket,
                    buffer.baseAddress?.advanced(by: sent),
                    buffer.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Whether the status line says 2xx; all is read, as closing before would reset the connection.
    private func isAccepted(_ socket: Int32) -> Bool {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while answer.count < Self.longestAnswer {
            // SAFETY: recv(2) writes at most the buffer's size.
            let count = unsafe buffer.withUnsafeMutableBytes { buffer in
                unsafe recv(socket, buffer.baseAddress, buffer.count, 0)
            }
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return answer.count >= 12 && answer.starts(with: Array("HTTP/1.".utf8))
            && answer[9] == UInt8(ascii: "2")
    }
}
