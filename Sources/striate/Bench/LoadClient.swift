import Dispatch
import Threads
import Texts
import FoundationEssentials
import Synchronization
import Telemetry

#if canImport(Glibc)
import Glibc
#endif

/// One keep-alive connection that sends a request and reads its answer, again and again.
struct LoadConnection: ~Copyable {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var pending: [UInt8] = []

    enum Failure: Error {
        case connect(host: String, port: Int)
        case closed
        case malformed
        case status(Int)
    }

    /// Answers may take `seconds`.
    init(host: String = "127.0.0.1", port: Int, seconds: Int = 60) throws {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0,
            let addresses = unsafe found
        else { throw Failure.connect(host: host, port: port) }
        defer { unsafe freeaddrinfo(addresses) }
        var connected: Int32 = -1
        var next: UnsafeMutablePointer<addrinfo>? = unsafe addresses
        while connected < 0, let address = unsafe next?.pointee {
            unsafe next = address.ai_next
            let candidate = unsafe socket(address.ai_family, Int32(SOCK_STREAM.rawValue), 0)
            // SAFETY: the address is one of getaddrinfo's, of the length it says.
            if unsafe connect(candidate, address.ai_addr, address.ai_addrlen) == 0 {
                connected = candidate
            } else {
                close(candidate)
            }
        }
        guard connected >= 0 else { throw Failure.connect(host: host, port: port) }
        descriptor = connected
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        _ = unsafe setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &patience,
            socklen_t(MemoryLayout<timeval>.size)
        )
        var on: Int32 = 1
        _ = unsafe setsockopt(
            descriptor,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &on,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }

    deinit {
        close(descriptor)
    }

    /// Sends `request` and returns the answer's head, which must say 200; the body is read and dropped.
    mutating func exchange(_ request: [UInt8]) throws -> String {
        let answer = try answer(to: request)
        guard answer.status == 200 else { throw Failure.status(answer.status) }
        return answer.head
    }

    /// Sends `request` and returns what is answered.
    mutating func answer(
        to request: [UInt8]
    ) throws -> (status: Int, head: String, body: [UInt8]) {
        var sent = 0
        while sent < request.count {
            // SAFETY: the pointer stays inside the array for the duration of send(2), which only reads.
            let count = unsafe request.withUnsafeBytes { bytes in
                unsafe send(
                    descriptor,
                    bytes.baseAddress.unsafelyUnwrapped + sent,
                    request.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { throw Failure.closed }
            sent += count
        }
        var headEnd = Self.endOfHead(pending)
        while headEnd == nil {
            try receive()
            headEnd = Self.endOfHead(pending)
        }
        guard let end = headEnd else { throw Failure.malformed }
        let head = String(decoding: pending[..<end], as: UTF8.self)
        guard let length = Self.contentLength(head), let status = Self.status(head) else {
            throw Failure.malformed
        }
        while pending.count < end + length { try receive() }
        let body = Array(pending[end..<(end + length)])
        pending.removeFirst(end + length)
        return (status, head, body)
    }

    private mutating func receive() throws {
        // SAFETY: recv(2) writes at most the buffer's count.
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe recv(descriptor, bytes.baseAddress, bytes.count, 0)
        }
        guard count > 0 else { throw Failure.closed }
        pending += buffer[..<count]
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 3..<bytes.count
        where bytes[index] == 10 && bytes[index - 1] == 13 && bytes[index - 2] == 10 {
            return index + 1
        }
        return nil
    }

    private static func status(_ head: String) -> Int? {
        head.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    private static func contentLength(_ head: String) -> Int? {
        for line in head.split(separator: "\r\n")
        where line.lowercased().hasPrefix("content-length:") {
            return Int(trimmed(line.dropFirst(15)))
        }
        return nil
    }
}

/// What a load run measured.
struct LoadResult {
    let requestsPerSecond: Double
    /// Seconds from sending to the whole answer.
    let latencies: Samples
    /// Mean milliseconds of each phase that `Server-Timing` named, over a sample of the answers.
    let phases: [String: Double]
    let failures: Int
}

/// Keeps `connections` busy with one request, for a time or a number of requests.
struct LoadRun {
    let port: Int
    let request: [UInt8]
    let connections: Int
    let seconds: Double
    var requests = Int.max

    private struct Tally {
        var latencies: [Double] = []
        var phases: [String: (sum: Double, count: Int)] = [:]
        var failures = 0
    }

    func run() -> LoadResult {
        let tally = Mutex(Tally())
        let remaining = Atomic<Int>(requests)
        let start = Date()
        let group = DispatchGroup()
        for _ in 0..<connections {
            group.enter()
            startThread {
                defer { group.leave() }
                let own = drive(until: start.addingTimeInterval(seconds), remaining)
                tally.withLock { tally in
                    tally.latencies += own.latencies
                    tally.failures += own.failures
                    for (name, phase) in own.phases {
                        let known = tally.phases[name] ?? (0, 0)
                        tally.phases[name] = (known.sum + phase.sum, known.count + phase.count)
                    }
                }
            }
        }
        group.wait()
        let elapsed = Date().timeIntervalSince(start)
        return tally.withLock { tally in
            LoadResult(
                requestsPerSecond: Double(tally.latencies.count) / elapsed,
                latencies: Samples(tally.latencies),
                phases: tally.phases.mapValues { $0.sum / Double(max($0.count, 1)) },
                failures: tally.failures
            )
        }
    }

    private func drive(until end: Date, _ remaining: borrowing Atomic<Int>) -> Tally {
        var tally = Tally()
        guard var connection = try? LoadConnection(port: port) else {
            tally.failures = 1
            return tally
        }
        var count = 0
        while remaining.subtract(1, ordering: .relaxed).oldValue > 0, Date() < end {
            do {
                var head = ""
                tally.latencies.append(
                    try striate.seconds { head = try connection.exchange(request) }
                )
                if count % 16 == 0 { Self.add(head, to: &tally) }
                count += 1
            } catch {
                tally.failures += 1
                return tally
            }
        }
        return tally
    }

    /// Reads a line such as `Server-Timing: decode;dur=0.021, queue;dur=0.004`.
    private static func add(_ head: String, to tally: inout Tally) {
        for line in head.split(separator: "\r\n")
        where line.lowercased().hasPrefix("server-timing:") {
            for entry in line.dropFirst(14).split(separator: ",") {
                let parts = trimmed(entry).split(separator: ";dur=", maxSplits: 1)
                guard parts.count == 2, let milliseconds = Double(parts[1]) else { continue }
                let name = String(parts[0])
                let known = tally.phases[name] ?? (0, 0)
                tally.phases[name] = (known.sum + milliseconds, known.count + 1)
            }
        }
    }
}
