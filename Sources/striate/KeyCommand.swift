import ArgumentParser
import FoundationEssentials
import Glibc
import Service

/// `striate key`: makes an API key.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make an API key and add its hash to a key file, or a key that seals states.",
        discussion: """
            The key is printed once, on standard output; the file holds its SHA-256 only. A server whose
            keys_file this is takes it up on SIGHUP.

            Examples:
              striate key alice --file keys.json --requests-per-second 50 --concurrent-requests 8
              striate key operator --file keys.json --administrator
              striate key alice --file keys.json --remove
              striate key --state --file states.json

            With --state a new key that seals states which travel with clients is put before those of the file
            (state_keys_file); older ones still open what they sealed. Nothing is printed.
            """
    )

    @Argument(help: "The name the key has in logs.")
    var name: String?

    @Flag(help: "Make a key for states instead of an API key.")
    var state = false

    @Option(help: "The key file; made if it is missing.", completion: .file())
    var file: String

    @Flag(help: "Let the key change what is hosted, too.")
    var administrator = false

    @Option(help: "Requests accepted in a second on average.")
    var requestsPerSecond: Int?

    @Option(help: "Requests accepted at once after a pause; as many as in a second unless given.")
    var burst: Int?

    @Option(help: "Requests answered at the same time.")
    var concurrentRequests: Int?

    @Flag(help: "Take the key of this name out of the file instead.")
    var remove = false

    func validate() throws {
        for number in [requestsPerSecond, burst, concurrentRequests].compactMap(\.self)
        where !(1...1_000_000).contains(number) {
            throw ValidationError("limits are numbers from 1 to 1000000")
        }
        guard let name else {
            if state { return }
            throw ValidationError("give the key a name")
        }
        guard !state else { throw ValidationError("keys for states have no names") }
        guard AccessKey.isName(name) else {
            throw ValidationError("a name is 1 to 64 visible ASCII characters")
        }
    }

    func run() throws {
        let url = URL(fileURLWithPath: file)
        guard let name else {
            try StateKeyFile.addKey(to: url)
            return
        }
        let exists = FileManager.default.fileExists(atPath: url.path)
        var keys = exists ? try KeyFile.read(url) : []
        let isKnown = keys.contains { $0.name == name }
        if remove {
            guard isKnown else { throw ValidationError("the file has no key named \(name)") }
            keys.removeAll { $0.name == name }
            try KeyFile.write(keys, to: url)
            return
        }
        guard !isKnown else {
            throw ValidationError("the file has a key named \(name); remove it first by --remove")
        }
        let key = AccessKey.generate()
        keys.append(
            AccessKey(
                name: name,
                digest: KeyDigest(of: key),
                isAdministrator: administrator,
                requestsPerSecond: requestsPerSecond,
                burst: burst,
                concurrentRequests: concurrentRequests
            )
        )
        try KeyFile.write(keys, to: url)
        print(key)
    }
}
