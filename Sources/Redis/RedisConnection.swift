/// A connection that is signed in; of one thread.
final class RedisConnection {
    private let socket: RedisSocket
    private let reader: ReplyReader

    private init(_ socket: RedisSocket, _ reader: ReplyReader) {
        (self.socket, self.reader) = (socket, reader)
    }

    /// Connects.
    static func open(
        to node: RedisAddress.Node,
        _ encryption: Encryption?,
        until deadline: Deadline
    ) throws(RedisFault) -> RedisConnection {
        let socket = try RedisSocket(to: node, encryption, until: deadline)
        return RedisConnection(socket, try ReplyReader())
    }

    /// Signs in and chooses the database.
    func begin(as address: RedisAddress, until deadline: Deadline) throws(RedisFault) {
        var commands: [[[UInt8]]] = []
        if !address.password.isEmpty {
            let user = address.user.isEmpty ? [] : [address.user]
            commands.append((["AUTH"] + user + [address.password]).map { Array($0.utf8) })
        }
        if address.database > 0 {
            commands.append(["SELECT", String(address.database)].map { Array($0.utf8) })
        }
        for reply in try run(commands, until: deadline) {
            if case .error(let words) = reply { throw .refused(words) }
        }
    }

    /// The replies to commands that are sent together.
    func run(_ commands: [[[UInt8]]], until deadline: Deadline) throws(RedisFault) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        try socket.send(commands.reduce(into: []) { $0 += encoded($1) }, until: deadline)
        var replies: [RedisReply] = []
        while replies.count < commands.count {
            if let reply = try reader.next() {
                replies.append(reply)
            } else {
                let bytes = try socket.receive(until: deadline)
                try reader.feed(bytes.span)
            }
        }
        return replies
    }
}
