import FoundationEssentials
import Glibc

/// A server's address: http://HOST[:PORT][/PATH].
struct LoadPlace: Sendable, CustomStringConvertible {
    let host: String
    let port: Int
    let path: String

    init(_ text: String) throws {
        let given = text.contains("://") ? text : "http://\(text)"
        guard let parts = URLComponents(string: given), let host = parts.host, !host.isEmpty else {
            throw LoadFault("\(text) is no address such as http://localhost:8080")
        }
        guard parts.scheme == "http" else {
            throw LoadFault("\(parts.scheme ?? "")://… is not spoken: name the plain port")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? 80
        let query = parts.percentEncodedQuery.map { "?\($0)" } ?? ""
        path = parts.percentEncodedPath + query
    }

    /// As the field Host has it.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    var description: String { "http://\(authority)" }
}

/// Asks a server before the load begins.
struct LoadAsking {
    private let place: LoadPlace
    private let key: String?

    init(_ place: LoadPlace, key: String?) {
        (self.place, self.key) = (place, key)
    }

    func bytes(_ path: String) throws -> [UInt8] {
        var connection: LoadConnection
        do {
            connection = try LoadConnection(host: place.host, port: place.port)
        } catch {
            throw LoadFault("no server answers at \(place)")
        }
        let access = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let head =
            "GET \(path) HTTP/1.1\r\nHost: \(place.authority)\r\nConnection: close\r\n\(access)\r\n"
        let (status, _, body) = try connection.answer(to: Array(head.utf8))
        guard status == 200 else {
            let said = plainJSON(body) as? [String: Any]
            let words = said?["error"] as? String ?? "GET \(path) answers \(status)"
            throw LoadFault(words)
        }
        return body
    }

    func json(_ path: String) throws -> [String: Any] {
        guard let value = plainJSON(try bytes(path)) as? [String: Any] else {
            throw LoadFault("\(place)\(path) is no JSON object: is it Striate?")
        }
        return value
    }
}
