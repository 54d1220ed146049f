import Threads
import FoundationEssentials
import Dispatch
import Files
import Glibc
import Graph
import Synchronization

/// A model as it was loaded, and the state of the files that it was made from.
private struct Loaded: Sendable {
    let model: Model
    let stamp: FileStamp
    let companions: Set<String>
}

/// Why there is none, and of which files; nil if the same files may do the next time.
private struct LoadingFailure: Error {
    let error: ModelError
    let stamp: FileStamp?
}

extension ModelRepository {
    /// How often a load begins again because files changed meanwhile.
    private static let mostAttempts = 3
    /// Files beside a model that say how it is served; without them another model would be.
    private static let companions = [CheckVectors.file, "model.json"]

    /// Loads, checks and warms one version's files as soon as there is room for it, and only then puts them in place of
    /// what was served, which stays so if that fails.
    ///
    /// `seen` are the files as a look found them; `isNews` is false where it fails as it did before.
    func beginLoad(
        _ version: ModelSource.Version,
        of source: ModelSource,
        seen: FileStamp?,
        in group: DispatchGroup,
        _ done: @escaping @Sendable (_ error: ModelError?, _ isNews: Bool) -> Void
    ) {
        let (name, number) = (source.name, version.number)
        let attempt = attempts.add(1, ordering: .relaxed).newValue
        // Files elsewhere owe nothing to those that were served.
        let had = hosted.withLock { hosted in
            let served = hosted[name]?[number]
            return served?.place == version.place ? served?.companions ?? [] : []
        }
        change(name, number) {
            $0.stage = .loading
            $0.attempt = attempt
            $0.place = version.place
        }
        group.enter()
        loads.add(
            seconds: limits.seconds,
            { attention in self.loaded(version, of: source, had, attention) },
            take: { result in
                self.finish(attempt, result, version: version, of: source, done)
                group.leave()
            },
            fail: { failure in
                // Where nothing was tried, the same files may do later.
                let isTried = if case .late = failure { true } else { false }
                let failed = LoadingFailure(
                    error: ModelError(failure),
                    stamp: isTried ? seen : nil
                )
                self.finish(attempt, .failure(failed), version: version, of: source, done)
                group.leave()
            },
            isBack: {
                // It may answer again: worth another try.
                self.change(name, number) {
                    if $0.attempt == attempt { $0.problem?.stamp = nil }
                }
            }
        )
    }

    /// Puts what a load brought in place, unless it was overtaken.
    private func finish(
        _ attempt: Int,
        _ result: Result<Loaded, LoadingFailure>,
        version: ModelSource.Version,
        of source: ModelSource,
        _ done: (_ error: ModelError?, _ isNews: Bool) -> Void
    ) {
        var before: ModelError?
        change(source.name, version.number, onlyIf: attempt) { entry in
            entry.stage = nil
            before = entry.problem?.error
            switch result {
            case .success(let loaded):
                entry.model = loaded.model
                entry.stamp = loaded.stamp
                entry.companions = loaded.companions
                entry.unread = version.unreadFile
                entry.problem = nil
                entry.withdrawn = nil
            case .failure(let failure):
                entry.problem = HostedModel.Problem(error: failure.error, stamp: failure.stamp)
            }
        }
        let error: ModelError? =
            if case .failure(let failure) = result { failure.error } else { nil }
        done(error, error == nil || error != before)
    }

    /// Reads the files as one state: if they change meanwhile, it begins again.
    private func loaded(
        _ version: ModelSource.Version,
        of source: ModelSource,
        _ had: Set<String>,
        _ attention: LoadQueue.Attention
    ) -> Result<Loaded, LoadingFailure> {
        for _ in 0..<Self.mostAttempts where !attention.isLost {
            settle(version, had, attention)
            let stamp = FileStamp(version.place, on: disk)
            let files = ModelFiles(
                version.folder,
                repository: version.root,
                byteLimit: limits.bytes,
                disk: disk,
                isLeft: { attention.isLost }
            )
            let result = Result { () throws(ModelError) in
                try makeModel(version, of: source, files)
            }
            let companions = companions(of: version)
            guard FileStamp(version.place, on: disk) == stamp, files.areUnchanged else { continue }
            return result.map {
                Loaded(model: $0, stamp: stamp, companions: companions)
            }.mapError { LoadingFailure(error: $0, stamp: stamp) }
        }
        let reason = "changes while it is read; it is loaded once its files stay as they are"
        let error = ModelError.file(name: version.place.lastPathComponent, reason: reason)
        return .failure(LoadingFailure(error: error, stamp: nil))
    }

    /// Waits while a file is missing that the served model had, until it is there or the others stay the same for long:
    /// whoever replaces a model may not have come to it yet.
    private func settle(
        _ version: ModelSource.Version,
        _ had: Set<String>,
        _ attention: LoadQueue.Attention
    ) {
        var stamp = FileStamp(version.place, on: disk)
        var since = ContinuousClock.now
        let settling = min(settling, .seconds(limits.seconds) / 4)
        while !companions(of: version).isSuperset(of: had), !attention.isLost,
            ContinuousClock.now - since < settling
        {
            Threads.pause(seconds: 0.05)
            let now = FileStamp(version.place, on: disk)
            if now != stamp { (stamp, since) = (now, .now) }
        }
    }

    private func companions(of version: ModelSource.Version) -> Set<String> {
        guard !version.isFile else { return [] }
        return Set(
            Self.companions.filter {
                disk.kind(version.place.appendingPathComponent($0).path) != nil
            }
        )
    }

    private func makeModel(
        _ version: ModelSource.Version,
        of source: ModelSource,
        _ files: ModelFiles
    ) throws(ModelError) -> Model {
        guard Manifest.isName(source.name) else {
            throw .invalidManifest(
                field: "the model's name",
                expected: Manifest.nameForm,
                got: "\"\(source.name)\""
            )
        }
        let number = version.number.map(String.init)
        let model =
            if let file = version.onnxFile {
                try Model(
                    onnx: file,
                    files: files,
                    tools: tools,
                    isAlone: version.isFile,
                    name: source.name,
                    version: number
                )
            } else {
                try Model(files: files, tools: tools, name: source.name, version: number)
            }
        // Check vectors warm what they check.
        if version.isFile || !files.exists(CheckVectors.file) {
            model.warm(isCancelled: files.isLeft)
        }
        return model
    }

    /// Changes a version's entry; `attempt` is the load that must still be the one that counts.
    func change(
        _ name: String,
        _ number: Int?,
        onlyIf attempt: Int? = nil,
        _ change: (inout HostedModel.Version) -> Void
    ) {
        // Old models are let go of outside of the lock.
        let old = hosted.withLock { hosted -> Model? in
            if let attempt, hosted[name]?[number].attempt != attempt { return nil }
            let old = hosted[name]?[number].model
            change(&hosted[name, default: HostedModel()][number])
            return old
        }
        withExtendedLifetime(old) {}
    }
}

extension ModelError {
    init(_ failure: LoadQueue.Failure) {
        let reason =
            switch failure {
            case .late(let seconds):
                "loading took longer than \(seconds) s (load_seconds) and was given up: the disk does "
                    + "not answer, or the model is too large"
            case .crowded(let count):
                "\(count) loads were given up and still hang: nothing is loaded until one of them ends"
            }
        self = .file(name: "the model", reason: reason)
    }
}
