import Foundation
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
        case connect(port: Int)
        case closed
        case malformed
        case status(Int)
    }

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: a sockaddr_in is what AF_INET expects, and connect(2) only reads it.
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, size)
            }
        }
        guard descriptor >= 0, result == 0 else { throw Failure.connect(port: port) }
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

    /// Sends `request` and returns the answer's head; the body is read and dropped.
    mutating func exchange(_ request: [UInt8]) throws -> String {
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
        pending.removeFirst(end + length)
        guard status == 200 else { throw Failure.status(status) }
        return head
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
            return Int(line.dropFirst(15).trimmingCharacters(in: .whitespaces))
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
            Thread.detachNewThread {
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
                let parts = entry.trimmingCharacters(in: .whitespaces).components(
                    separatedBy: ";dur="
                )
                guard parts.count == 2, let milliseconds = Double(parts[1]) else { continue }
                let known = tally.phases[parts[0]] ?? (0, 0)
                tally.phases[parts[0]] = (known.sum + milliseconds, known.count + 1)
            }
        }
    }
}
