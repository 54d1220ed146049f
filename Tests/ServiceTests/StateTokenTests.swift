import Foundation
import TestSupport
import Testing

@testable import Graph
@testable import Models
@testable import Service

/// States that travel with their clients.
@Suite struct `State tokens` {
    private let model = Fixture.model("scripture")
    private let digest = [UInt8](repeating: 7, count: 32)

    private func key(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

    private func state() -> CarriedState {
        var random = SeededGenerator(seed: 3)
        var state = model.initialState()
        for index in state.tensors.indices {
            let count = state.tensors[index].count
            state.tensors[index] = Tensor(
                shape: state.tensors[index].shape,
                floats: (0..<count).map { _ in Float(random.int(-1000...1000)) / 999 }
            )
        }
        state.position = 41
        return CarriedState(state: state, unread: 5, scores: [1, -.infinity, 3])
    }

    private func open(
        _ token: String,
        _ tokens: StateTokens,
        keyName: String? = nil,
        digest other: [UInt8]? = nil
    ) throws(ServiceError) -> CarriedState {
        try tokens.open(
            token,
            of: model,
            digest: { () throws(ServiceError) in other ?? digest },
            keyName: keyName
        )
    }

    private func seal(_ tokens: StateTokens, keyName: String? = nil, seconds: Int = 60) -> String {
        tokens.seal(state(), of: model, digest: digest, keyName: keyName, seconds: seconds)
    }

    @Test func `give back what was sealed`() throws {
        let tokens = StateTokens(StateKeys())
        #expect(try open(seal(tokens), tokens) == state())
        #expect(!tokens.areKept)
        #expect(seal(tokens) != seal(tokens))
    }

    @Test func `keys rotate: the first seals, all open`() throws {
        let old = StateTokens(try #require(StateKeys([key(1)])))
        let both = StateTokens(try #require(StateKeys([key(2), key(1)])))
        let new = StateTokens(try #require(StateKeys([key(2)])))
        #expect(both.areKept)
        #expect(try open(seal(old), both) == state())
        #expect(try open(seal(both), new) == state())
        #expect((try? open(seal(both), old)) == nil)
        #expect((try? open(seal(old), new)) == nil)
    }

    @Test func `are good for one key, one model and a time`() throws {
        let tokens = StateTokens(StateKeys())
        func code(_ body: () throws -> CarriedState) -> String? {
            do { _ = try body() } catch { return (error as? ServiceError)?.code }
            return nil
        }
        #expect(code { try open(seal(tokens, keyName: "alice"), tokens, keyName: "alice") } == nil)
        #expect(
            code { try open(seal(tokens, keyName: "alice"), tokens, keyName: "bob") }
                == "invalid_state"
        )
        #expect(code { try open(seal(tokens, keyName: "alice"), tokens) } == "invalid_state")
        #expect(code { try open(seal(tokens, seconds: -1), tokens) } == "invalid_state")
        #expect(
            code { try open(seal(tokens), tokens, digest: [UInt8](repeating: 8, count: 32)) }
                == "state_of_other_model"
        )
    }

    @Test func `are refused whatever bit was changed`() throws {
        let tokens = StateTokens(StateKeys())
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let token = Array(seal(tokens).utf8)
        let letters = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. ".utf8
        )
        for _ in 0..<2_000 {
            var changed = token
            switch random.int(0...2) {
            case 0:
                changed[random.int(0...changed.count - 1)] =
                    letters[random.int(0...letters.count - 1)]
            case 1: changed.removeLast(random.int(1...changed.count))
            default: changed += [letters[random.int(0...letters.count - 1)]]
            }
            if changed == token { continue }
            let text = String(decoding: changed, as: UTF8.self)
            // The last letter of base64 may hold bits that mean nothing; those must be zero.
            #expect((try? open(text, tokens)) == nil, "seed \(seed): \(text)")
        }
    }

    @Test func `their keys are read from a file, and added to it`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "striate-keys-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "states.json")
        try StateKeyFile.addKey(to: file)
        let old = StateTokens(try StateKeyFile.read(file))
        try StateKeyFile.addKey(to: file)
        let both = StateTokens(try StateKeyFile.read(file))
        #expect(try open(seal(old), both) == state())
        #expect((try? open(seal(both), old)) == nil)
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        for text in [
            "", "{}", #"{"keys":[]}"#, #"{"state_keys":[]}"#, #"{"state_keys":["00"]}"#,
            #"{"state_keys":[1]}"#,
        ] {
            try Data(text.utf8).write(to: file)
            #expect(throws: ConfigurationError.self) { try StateKeyFile.read(file) }
        }
    }
}
