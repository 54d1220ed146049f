import Compute
import Engine
import Dispatch
import Foundation
import NetworkSupport
import Synchronization
import Testing

@testable import Engine
@testable import Files
@testable import Graph
@testable import Models

/// A repository whose files change while they are read, or whose file system does not answer.
@Suite(.serialized) final class RepositoryStateTests {
    private let builder: ModelFolderBuilder

    init() throws {
        builder = try ModelFolderBuilder()
    }

    /// A file system on which paths can be made to hang, and on which something can happen at an access.
    private final class Stage: Sendable {
        private let hanging = Mutex<Set<String>>([])
        private let happening = Mutex<(@Sendable (String) -> Void)?>(nil)
        let waiting = Atomic(0)

        var disk: Disk {
            Disk(willTouch: { path in
                self.happening.withLock(\.self)?(path)
                guard self.hangs(path) else { return }
                self.waiting.add(1, ordering: .relaxed)
                while self.hangs(path) { Thread.sleep(forTimeInterval: 0.01) }
            })
        }

        private func hangs(_ path: String) -> Bool {
            hanging.withLock { $0.contains { path.contains($0) } }
        }

        func hang(_ part: String) { hanging.withLock { _ = $0.insert(part) } }

        func answer() { hanging.withLock { $0 = [] } }

        func at(_ body: (@Sendable (String) -> Void)?) { happening.withLock { $0 = body } }
    }

    private func write(_ name: String, version: String = "1", check: Bool = false) throws {
        let folder = builder.folder.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let text = """
            {"name": "\(name)", "version": "\(version)", "task": "image-features",
             "input": {"name": "image", "channels": 1, "height": 2, "width": 2},
             "layers": [{"name": "relu", "op": "Relu"}], "outputs": ["relu"]}
            """
        try Data(text.utf8).write(to: folder.appending(path: "model.json"))
        guard check else { return }
        try Data(#"{"tolerance": 1e-4, "cases": []}"#.utf8)
            .write(to: folder.appending(path: "check.json"))
    }

    private func repository(
        _ stage: Stage,
        seconds: Int = 1,
        bytes: Int = 1 << 30,
        settling: Duration = .milliseconds(300)
    ) throws -> ModelRepository {
        ModelRepository(
            folders: [builder.folder],
            tools: Model.Tools(
                kernels: try KernelSet.select(nil),
                workers: Workers(count: 1),
                memoryLimit: 1 << 30,
                plans: PlanStore()
            ),
            limits: LoadingLimits(seconds: seconds, bytes: bytes, loads: 2),
            disk: stage.disk,
            settling: settling
        )
    }

    @Test func `a load that hangs is given up, said so, and tried again when it answers`() throws {
        let stage = Stage()
        defer { stage.answer() }
        for name in ["bad", "good", "nice"] { try write(name) }
        // Looking at the file goes on, opening it does not.
        stage.hang("bad/examples")
        let file = builder.folder.appending(path: "bad/model.json")
        try Data(
            String(contentsOf: file, encoding: .utf8)
                .replacing(
                    "{\"name\": \"bad\"",
                    with: "{\"examples\": [\"a.txt\"], \"name\": \"bad\""
                ).utf8
        ).write(to: file)
        let repository = try repository(stage)
        #expect(repository.models.map(\.name) == ["good", "nice"])
        let row = try #require(repository.index.first { $0.name == "bad" })
        #expect(row.state == .unavailable)
        #expect(row.reason.contains("load_seconds"), "\(row.reason)")
        for _ in 0..<3 {
            #expect(repository.refresh().isEmpty, "the same files are not tried again")
        }
        #expect(stage.waiting.load(ordering: .relaxed) == 1)
        // Others load meanwhile.
        try write("good", version: "2")
        for _ in 0..<2 { repository.refresh() }
        #expect(repository.model(named: "good")?.version == "2")
        try write("bad")
        stage.answer()
        let end = ContinuousClock.now + .seconds(20)
        while repository.model(named: "bad") == nil, ContinuousClock.now < end {
            repository.refresh()
        }
        #expect(repository.model(named: "bad") != nil)
    }

    @Test func `a folder that does not answer keeps what is served and holds up no other`() throws {
        let stage = Stage()
        defer { stage.answer() }
        for name in ["dead", "good"] { try write(name) }
        let repository = try repository(stage)
        stage.hang("/dead")
        try write("good", version: "2")
        for _ in 0..<3 { repository.refresh() }
        #expect(repository.model(named: "good")?.version == "2")
        #expect(repository.model(named: "dead") != nil, "what is served stays so")
        #expect(
            repository.mistakes.contains { $0.name == "dead" && $0.reason.contains("not answer") }
        )
        stage.answer()
        let end = ContinuousClock.now + .seconds(20)
        while !repository.mistakes.isEmpty, ContinuousClock.now < end { repository.refresh() }
        #expect(repository.mistakes.isEmpty)
        #expect(repository.models.map(\.name) == ["dead", "good"])
    }

    @Test func `files that change while they are read are read again`() throws {
        let stage = Stage()
        try write("net", version: "1", check: true)
        let changes = Atomic(0)
        let folder = builder.folder.appending(path: "net")
        let file = folder.appending(path: "model.json")
        // The first two times, the file is another one once it has been opened.
        stage.at { path in
            guard path.hasSuffix("net/check.json"), changes.load(ordering: .relaxed) < 40 else {
                return
            }
            let number = changes.add(1, ordering: .relaxed).newValue
            let text = try? String(contentsOf: file, encoding: .utf8)
            try? Data((text ?? "").replacing(#""1""#, with: #""\#(number)""#).utf8).write(to: file)
            try? Data(" ".utf8).write(to: folder.appending(path: "note\(number)"))
        }
        let repository = try repository(stage)
        #expect(repository.models.isEmpty, "they never were the same before and after")
        #expect(repository.index.first?.reason.contains("changes while it is read") == true)
        stage.at(nil)
        for _ in 0..<2 { repository.refresh() }
        #expect(repository.model(named: "net") != nil, "tried again though nothing changed since")
    }

    @Test func `check vectors that are missing for a moment are waited for`() throws {
        let stage = Stage()
        try write("net", version: "1", check: true)
        let repository = try repository(stage, seconds: 20, settling: .seconds(2))
        let check = builder.folder.appending(path: "net/check.json")
        try FileManager.default.removeItem(at: check)
        try write("net", version: "2")
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.5) {
            // These refuse the model: it must not have been served without them.
            try? Data("[]".utf8).write(to: check)
        }
        for _ in 0..<2 { repository.refresh() }
        #expect(repository.model(named: "net")?.version == "1")
        #expect(repository.index.first?.reason.contains("check.json") == true)
        // Without them for good: served once nothing changes any more.
        try FileManager.default.removeItem(at: check)
        for _ in 0..<2 { repository.refresh() }
        #expect(repository.model(named: "net")?.version == "2")
    }

    @Test func `a model unloaded on request asks nothing of the next of its name`() throws {
        try write("net", version: "1", check: true)
        let repository = try repository(Stage(), seconds: 600, settling: .seconds(100))
        try repository.unload("net")
        try FileManager.default.removeItem(at: builder.folder.appending(path: "net/check.json"))
        try write("net", version: "2")
        let start = ContinuousClock.now
        try repository.load("net")
        #expect(repository.model(named: "net")?.version == "2")
        #expect(ContinuousClock.now - start < .seconds(60), "nothing is waited for")
    }

    @Test func `what a load may read is limited in bytes, and the error names the limit`() throws {
        let stage = Stage()
        try write("net")
        try SafeTensorsWriter.encode([
            "w": Tensor(shape: [1 << 20], floats: .init(repeating: 0, count: 1 << 20))
        ])
        .write(to: builder.folder.appending(path: "net/model.safetensors"))
        let reason = "\(try #require(try repository(stage, bytes: 1 << 20).failures.first).error)"
        #expect(reason.contains("model.safetensors: takes"), "\(reason)")
        #expect(reason.contains("load_bytes"), "\(reason)")
    }

    @Test func `a sparse file of a terabyte is refused without being read`() throws {
        let folder = builder.folder.appending(path: "net")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let start = ContinuousClock.now
        for name in ["model.onnx", "model.json"] {
            let file = folder.appending(path: name)
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 1 << 40)
            try handle.close()
            #expect(try repository(Stage(), seconds: 60).failures.count == 1)
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `small messages are counted as what they become in memory`() throws {
        // 2 million nodes of two bytes each.
        let nodes =
            Data(repeating: 0, count: 0) + (0..<2_000_000).flatMap { _ in [0x0A, 0] as [UInt8] }
        var file = Data([0x3A])
        var length = nodes.count
        while length >= 0x80 {
            file.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        file.append(UInt8(length))
        let folder = builder.folder.appending(path: "net")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try (file + nodes).write(to: folder.appending(path: "model.onnx"))
        let failure = try #require(
            try repository(Stage(), seconds: 60, bytes: 256 << 20).failures.first
        )
        #expect("\(failure.error)".contains("load_bytes"), "\(failure.error)")
    }
}

/// Work that may hang, in bounded numbers.
@Suite struct LoadQueueTests {
    @Test func `as many pieces are done at once as it is told, and no more`() {
        let queue = LoadQueue(most: 3)
        let all = DispatchGroup()
        let counts = Counts()
        for _ in 0..<12 {
            all.enter()
            queue.add(seconds: 60) { _ in
                counts.begin()
                Thread.sleep(forTimeInterval: 0.02)
                counts.end()
            } take: {
                all.leave()
            } fail: { _ in
                all.leave()
            }
        }
        all.wait()
        #expect(counts.most == 3)
    }

    @Test func `beyond the threads left behind nothing is begun until one comes back`() {
        let queue = LoadQueue(most: LoadQueue.mostLeft)
        let left = DispatchSemaphore(value: 0)
        let (failures, returns) = (DispatchGroup(), DispatchGroup())
        for _ in 0..<LoadQueue.mostLeft {
            failures.enter()
            returns.enter()
            queue.add(seconds: 1) { attention in
                left.wait()
                #expect(attention.isLost)
            } take: {
                Issue.record("nobody waits for it any more")
            } fail: { failure in
                #expect(failure == .late(seconds: 1))
                failures.leave()
            } isBack: {
                returns.leave()
            }
        }
        failures.wait()
        #expect(queue.run(seconds: 5) { _ in 7 } == .failure(.crowded(LoadQueue.mostLeft)))
        left.signal()
        while queue.run(seconds: 5, { _ in 7 }) != .success(7) {}
        for _ in 1..<LoadQueue.mostLeft { left.signal() }
        returns.wait()
    }

    private final class Counts: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { state.withLock(\.most) }

        func begin() {
            state.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
        }

        func end() { state.withLock { $0.now -= 1 } }
    }
}

/// What lies in a models' folder and is none.
@Suite final class FolderMistakesTests {
    private let builder: ModelFolderBuilder

    init() throws {
        builder = try ModelFolderBuilder()
    }

    private func make(_ path: String) throws {
        let place = builder.folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try ModelFilesTests.sum().write(to: place)
    }

    @Test(
        arguments: [
            ("net/01/model.onnx", "01", #"to "1""#), ("net/1.0/model.onnx", "1.0", #"to "1""#),
            ("net/v1/model.onnx", "v1", #"to "1""#), ("net/v7/model.onnx", "v7", #"to "7""#),
            ("net/latest/model.onnx", "latest", #"to "1""#),
            ("net/1/best.onnx", "1", "rename the file best.onnx to model.onnx"),
            ("net/v2/best.onnx", "v2", "rename the file best.onnx to model.onnx; and"),
            ("net/best.onnx", "", "rename the file best.onnx to model.onnx"),
            ("net/Model.ONNX", "", "rename the file Model.ONNX to model.onnx"),
            ("net/saved_model.pb", "", "TensorFlow SavedModel"),
            ("net/1/saved_model.pb", "1", "TensorFlow SavedModel"),
            ("net/model.pt", "", "a PyTorch file"),
            ("net/model.safetensors", "", "without the model.json"),
        ]
    )
    func `is named with what to rename`(path: String, version: String, words: String) throws {
        try make(path)
        let repository = try repository()
        let row = try #require(repository.index.first { $0.version == version })
        #expect(row.name == "net")
        #expect(row.state == .unavailable)
        #expect(row.reason.contains(words), "\(row.reason)")
        #expect(repository.mistakes.contains { $0.name == "net" && $0.reason == row.reason })
    }

    @Test func `stands beside the versions that are served, with a number that is free`() throws {
        for path in ["net/1/model.onnx", "net/01/model.onnx", "net/latest/model.onnx"] {
            try make(path)
        }
        try FileManager.default.createSymbolicLink(
            atPath: builder.folder.appending(path: "net/3").path,
            withDestinationPath: "nowhere"
        )
        let repository = try repository()
        #expect(repository.versions(of: "net") == ["1"])
        let reasons = repository.mistakes.map { "\($0.version): \($0.reason)" }
        #expect(reasons.count == 3, "\(reasons)")
        #expect(reasons.contains { $0.hasPrefix("01: ") && $0.contains(#"to "2""#) }, "\(reasons)")
        #expect(
            reasons.contains { $0.hasPrefix("latest: ") && $0.contains(#"to "2""#) },
            "\(reasons)"
        )
        #expect(reasons.contains { $0.hasPrefix("3: ") && $0.contains("missing") }, "\(reasons)")
    }

    @Test func `is told of files beside the models' folders, and not of others`() throws {
        for path in ["best.PT", "net.ONNX", "README.md", "docs/text.md", "good.onnx"] {
            try make(path)
        }
        try FileManager.default.createSymbolicLink(
            atPath: builder.folder.appending(path: "gone").path,
            withDestinationPath: "nowhere"
        )
        let repository = try repository()
        #expect(repository.models.map(\.name) == ["good"])
        #expect(repository.mistakes.map(\.name) == ["best.PT", "gone", "net.ONNX"])
    }

    @Test func `is reported once when it appears`() throws {
        let repository = try repository()
        try make("net/v1/model.onnx")
        #expect(repository.refresh() == ["net"])
        #expect(repository.refresh().isEmpty)
    }

    private func repository() throws -> ModelRepository {
        ModelRepository(
            folders: [builder.folder],
            kernels: try KernelSet.select(nil),
            workers: Workers(count: 1)
        )
    }
}
