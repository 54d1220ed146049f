import Synchronization

/// What one thread of a client does: it takes what waits, sends it together and hands out the replies.
final class RedisThread {
    typealias Node = RedisAddress.Node
    private typealias Job = RedisClient.Job

    private let address: RedisAddress
    private var encryption: Encryption?
    private let queue: RedisClient.Queue
    private var connections: [Node: RedisConnection] = [:]
    /// The server that sentinels named.
    private var named: Node?

    init(_ address: RedisAddress, _ queue: RedisClient.Queue) {
        (self.address, self.queue) = (address, queue)
    }

    func run() {
        while true {
            let jobs = queue.take(RedisClient.mostTogether)
            if jobs.isEmpty { return }
            var parts: [Node?: [Job]] = [:]
            for job in jobs {
                if job.deadline.isOver {
                    job.done(.failure(.late(milliseconds: job.deadline.milliseconds)))
                } else {
                    parts[queue.cluster.withLock { $0.node(of: job.key) }, default: []].append(job)
                }
            }
            for (node, jobs) in parts { send(jobs, to: node) }
        }
    }

    /// Sends jobs to a node, or to the server itself, and each that is sent elsewhere to there.
    private func send(_ jobs: [Job], to node: Node?) {
        // Those behind wait no longer than the first may.
        let deadline = jobs[0].deadline
        let replies: [RedisReply]
        do throws(RedisFault) {
            replies = try run(jobs.flatMap(\.commands), on: node, until: deadline)
        } catch {
            if let node { queue.cluster.withLock { $0.forget(node) } }
            for job in jobs { job.done(.failure(error)) }
            return
        }
        var rest = replies[...]
        for job in jobs {
            let own = Array(rest.prefix(job.commands.count))
            rest = rest.dropFirst(job.commands.count)
            finish(job, own)
        }
    }

    /// Hops from node to node that a command may take.
    private static let mostHops = 5

    private func finish(_ job: Job, _ replies: [RedisReply]) {
        var replies = replies
        for _ in 0..<Self.mostHops {
            guard case .error(let words)? = replies.first(where: \.isError) else { break }
            guard let (node, isOnce) = queue.cluster.withLock({ $0.redirection(words) }) else {
                job.done(.failure(.refused(words)))
                return
            }
            let asking: [[UInt8]] = [Array("ASKING".utf8)]
            let commands = isOnce ? job.commands.flatMap { [asking, $0] } : job.commands
            do throws(RedisFault) {
                let all = try run(commands, on: node, until: job.deadline)
                replies = isOnce ? all.indices.filter { $0 % 2 == 1 }.map { all[$0] } : all
            } catch {
                job.done(.failure(error))
                return
            }
        }
        job.done(.success(replies))
    }

    /// Runs commands; once more over a new connection where an old one broke, or is that of a server which no longer leads.
    private func run(
        _ commands: [[[UInt8]]],
        on node: Node?,
        until deadline: Deadline
    ) throws(RedisFault) -> [RedisReply] {
        let place = try self.place(node, until: deadline)
        let isOld = connections[place] != nil
        do throws(RedisFault) {
            let replies = try connection(to: place, until: deadline).run(commands, until: deadline)
            guard node == nil, address.sentinelName != nil, replies.contains(where: \.isOfReplica)
            else { return replies }
            drop(place)
        } catch let fault {
            drop(place)
            guard isOld || address.sentinelName != nil, case .unreachable = fault else {
                throw fault
            }
        }
        let next = try self.place(node, until: deadline)
        do throws(RedisFault) {
            return try connection(to: next, until: deadline).run(commands, until: deadline)
        } catch {
            drop(next)
            throw error
        }
    }

    private func place(_ node: Node?, until deadline: Deadline) throws(RedisFault) -> Node {
        if let node { return node }
        return try home(until: deadline)
    }

    private func drop(_ node: Node) {
        connections[node] = nil
        named = nil
    }

    private func open(_ node: Node, until deadline: Deadline) throws(RedisFault) -> RedisConnection
    {
        if address.isEncrypted, encryption == nil {
            encryption = try Encryption(authorities: address.authorities)
        }
        return try RedisConnection.open(to: node, encryption, until: deadline)
    }

    private func connection(
        to node: Node,
        until deadline: Deadline
    ) throws(RedisFault) -> RedisConnection {
        if let connection = connections[node] { return connection }
        let connection = try open(node, until: deadline)
        try connection.begin(as: address, until: deadline)
        connections[node] = connection
        return connection
    }

    /// The server: the one that sentinels name, else the first that can be reached.
    private func home(until deadline: Deadline) throws(RedisFault) -> Node {
        if let named { return named }
        var fault = RedisFault.unreachable("no server is named")
        for node in address.nodes {
            do throws(RedisFault) {
                let found = try address.sentinelName.map { (name) throws(RedisFault) in
                    try server(name, of: node, until: deadline)
                }
                if found == nil { _ = try connection(to: node, until: deadline) }
                named = found ?? node
                return found ?? node
            } catch {
                fault = error
            }
        }
        throw fault
    }

    /// The server that a sentinel says leads.
    private func server(
        _ name: String,
        of sentinel: Node,
        until deadline: Deadline
    ) throws(RedisFault) -> Node {
        let connection = try open(sentinel, until: deadline)
        let command = ["SENTINEL", "get-master-addr-by-name", name].map { Array($0.utf8) }
        let reply = try connection.run([command], until: deadline)[0]
        guard case .array(let parts) = reply, parts.count == 2, case .bytes(let host) = parts[0],
            case .bytes(let port) = parts[1],
            let number = Int(String(decoding: port, as: UTF8.self))
        else { throw .unreachable("the sentinel \(sentinel) knows no server \(name)") }
        return Node(host: String(decoding: host, as: UTF8.self), port: number)
    }
}

extension RedisReply {
    fileprivate var isError: Bool {
        if case .error = self { true } else { false }
    }

    /// Whether it is that of a server which another one leads.
    fileprivate var isOfReplica: Bool {
        if case .error(let words) = self { words.hasPrefix("READONLY") } else { false }
    }
}
