import Compute
import Foundation
import NetworkSupport
import Testing

@testable import Models

@Suite final class RepositoryTests {
    private let builder: ModelFolderBuilder

    init() throws {
        builder = try ModelFolderBuilder()
    }

    /// A model without weights, so that a file is a model.
    private func write(_ path: String, name: String, version: String = "1") throws {
        let file = builder.folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        let text = """
            {"name": "\(name)", "version": "\(version)", "task": "image-features",
             "input": {"name": "image", "channels": 1, "height": 2, "width": 2},
             "layers": [{"name": "relu", "op": "Relu"}], "outputs": ["relu"]}
            """
        try Data(text.utf8).write(to: file)
    }

    private func repository(_ path: String = "", name: String? = nil) throws -> ModelRepository {
        ModelRepository(
            folders: [path.isEmpty ? builder.folder : builder.folder.appending(path: path)],
            kernels: try KernelSet.select(nil),
            workers: Workers(count: 1),
            loneName: name
        )
    }

    private func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: builder.folder.appending(path: path))
    }

    @Test func `a folder of numbered versions serves all of them, the highest by default`() throws {
        for number in [1, 2, 10] {
            try write("net/\(number)/model.json", name: "other", version: "x")
        }
        let repository = try repository()
        #expect(repository.models.map(\.name) == ["net"])
        #expect(repository.versions(of: "net") == ["1", "2", "10"])
        #expect(repository.model(named: "net")?.version == "10")
        #expect(repository.model(named: "net", version: "2")?.version == "2")
        #expect(repository.model(named: "net", version: "3") == nil)
    }

    @Test func `a model's own folder may be mounted, under a name of the server's`() throws {
        try write("mount/model.json", name: "net")
        #expect(try repository("mount").models.map(\.name) == ["net"])
        #expect(try repository("mount", name: "given").models.map(\.name) == ["given"])
    }

    @Test func `files are read when two looks found them the same`() throws {
        let repository = try repository()
        try write("net/model.json", name: "net")
        repository.refresh()
        #expect(repository.models.isEmpty)
        #expect(repository.refresh() == ["net"])
        #expect(repository.model(named: "net")?.version == "1")
        try write("net/model.json", name: "net", version: "22")
        repository.refresh()
        #expect(repository.model(named: "net")?.version == "1")
        #expect(repository.refresh() == ["net"])
        #expect(repository.model(named: "net")?.version == "22")
        #expect(repository.refresh().isEmpty)
        try remove("net")
        repository.refresh()
        #expect(repository.model(named: "net") != nil, "gone for one look only")
        #expect(repository.refresh() == ["net"])
        #expect(repository.index.isEmpty)
    }

    @Test func `files that cannot be loaded leave what is served and say why`() throws {
        try write("net/model.json", name: "net")
        let repository = try repository()
        let served = try #require(repository.model(named: "net"))
        try builder.write(#"{"name": "net", "task": "nonsense"}"#, to: "net/model.json")
        repository.refresh()
        #expect(repository.refresh() == ["net"])
        #expect(repository.refresh().isEmpty, "the same files are not tried again")
        #expect(repository.model(named: "net") === served)
        let row = try #require(repository.index.first)
        #expect(row.state == .ready)
        #expect(row.reason.contains("newer files could not be loaded"), "\(row.reason)")
        #expect(row.reason.contains("nonsense"), "\(row.reason)")
        try write("net/model.json", name: "net", version: "2")
        try repository.load("net")
        #expect(repository.model(named: "net")?.version == "2")
        #expect(repository.index.map(\.reason) == [""])
    }

    @Test func `an unloaded model stays so until its files change or a request loads it`() throws {
        try write("net/model.json", name: "net")
        let repository = try repository()
        try repository.unload("net")
        for _ in 0..<3 { repository.refresh() }
        #expect(repository.index.map(\.state) == [.unavailable])
        #expect(repository.index.map(\.reason) == ["unloaded"])
        try repository.load("net")
        #expect(repository.index.map(\.state) == [.ready])
        try repository.unload("net")
        try write("net/model.json", name: "net", version: "22")
        for _ in 0..<2 { repository.refresh() }
        #expect(repository.model(named: "net")?.version == "22")
    }

    @Test func `what lies in the folders and nobody loaded is listed, and can be loaded`() throws {
        try write("net/model.json", name: "net")
        let repository = try repository()
        try write("other/1/model.json", name: "other")
        try write("other/2/model.json", name: "other")
        #expect(repository.index.map(\.name) == ["net"])
        let rows = repository.indexWithUnloaded()
        #expect(rows.map(\.name) == ["net", "other", "other"])
        #expect(rows.map(\.version) == ["1", "1", "2"])
        #expect(rows.map(\.state) == [.ready, .unavailable, .unavailable])
        #expect(rows.map(\.reason) == ["", "not loaded", "not loaded"])
        try repository.load("other")
        #expect(repository.indexWithUnloaded().allSatisfy { $0.state == .ready })
    }

    @Test func `a configuration that is not read is named in the index`() throws {
        try write("net/1/model.json", name: "net")
        try builder.write("max_batch_size: 8", to: "net/config.pbtxt")
        try write("other/model.json", name: "other")
        let rows = try repository().index
        #expect(rows.map(\.isCurrent) == [true, true])
        #expect(
            rows.map(\.reason) == ["config.pbtxt is not read: the model file alone counts", ""]
        )
    }

    @Test(arguments: ["../outside", "..", "/", "", "net/../net", "%2e%2e", "x"])
    func `names are found in the folders, never made into paths`(name: String) throws {
        try write("inside/net/model.json", name: "net")
        try write("outside/model.json", name: "outside")
        let repository = try repository("inside")
        #expect(throws: RepositoryError.unknownModel(name, available: ["net"])) {
            try repository.load(name)
        }
        #expect(throws: RepositoryError.self) { try repository.unload(name) }
    }

    @Test func `a second model of one name is reported, not served`() throws {
        try write("first/model.json", name: "net")
        try write("second/model.json", name: "net")
        let repository = try repository()
        #expect(repository.models.count == 1)
        #expect(repository.failures.map(\.folder) == ["second"])
        #expect(repository.index.map(\.state).contains(.unavailable))
    }
}
