import Dispatch
import Foundation
import Synchronization
import Testing

/// Small files of very many pixels: 309 KB for 6300x6300 of 64 bits.
@Suite(.serialized) struct PictureMemoryTests {
    /// A PNG file, interlaced or not.
    private static func hostile(interlaced: Bool) throws -> Data {
        let script = LiveServer.package.appending(path: "Tests/Soak/hostile.py").path
        let (file, messages) = try LiveServer.run("python3", [script, interlaced ? "1" : "0"])
        try #require(file.count > 300_000 && file.count < 320_000, "\(messages)")
        return file
    }

    /// The most memory that a process has had, in MiB.
    private static func peak(of server: LiveServer) throws -> Int {
        let path = "/proc/\(server.process.processIdentifier)/status"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("VmHWM:") })
        let kibibytes = try #require(line.split(separator: " ").compactMap { Int($0) }.first)
        return kibibytes / 1024
    }

    @Test(arguments: [false, true])
    func `a picture of many pixels takes little memory`(interlaced: Bool) throws {
        // Without optimisation it may take longer than a request has.
        let server = try LiveServer(["--set", "compute_seconds=300"])
        let shirt = try LiveServer.model("fashion/examples/shirt.png")
        #expect(try server.curl("/models/fashion/classify", body: shirt).status == 200)
        let before = try Self.peak(of: server)
        let file = try Self.hostile(interlaced: interlaced)
        let answer = try server.curl("/models/fashion/classify", body: file)
        #expect(answer.status == 200, "\(answer)")
        let more = try Self.peak(of: server) - before
        print("the peak rose by \(more) MiB from \(before) MiB")
        #expect(more < 64)
    }

    @Test func `where memory ends, pictures of many pixels are answered or refused`() throws {
        let server = try LiveServer()
        let number = String(server.process.processIdentifier)
        let (_, messages) = try LiveServer.run("prlimit", ["--pid", number, "--as=1073741824"])
        try #require(messages.isEmpty, "\(messages)")
        let file = try Self.hostile(interlaced: false)
        let statuses = Mutex<[Int]>([])
        // v1 takes pictures of any size, so that this one would have to be there as a whole.
        let paths = ["fashion/classify", "v1/features?pool=max", "v1/preview", "lenet/classify"]
        DispatchQueue.concurrentPerform(iterations: paths.count) { index in
            let status = (try? server.curl("/models/\(paths[index])", body: file).status) ?? 0
            statuses.withLock { $0.append(status) }
        }
        let known = statuses.withLock { $0 }
        #expect(known.allSatisfy { [200, 413, 429, 503].contains($0) }, "\(known)")
        #expect(known.contains(200), "\(known)")
        #expect(server.process.isRunning)
        #expect(try server.curl("/healthz").status == 200)
    }
}
