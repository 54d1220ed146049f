import Foundation
import Testing

@testable import Service

@Suite struct `Sources of settings` {
    private func file(_ text: String) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
        try Data(text.utf8).write(to: url)
        return url
    }

    @Test func `the shipped file lists every setting with its default`() throws {
        let shipped = Fixture.package.appending(path: "config/striate.json")
        let values = try JSONSerialization.jsonObject(with: Data(contentsOf: shipped))
        let names = try #require(values as? [String: Any]).keys
        #expect(Set(names) == Set(Setting.all.map(\.name)))
        let read = try Configuration(file: shipped, environment: [:], flags: [])
        #expect(read == Configuration())
    }

    @Test func `flags beat the environment, which beats the file`() throws {
        let url = try file(#"{"port": 1, "threads": 1, "loops": 1}"#)
        let read = try Configuration(
            file: url,
            environment: ["STRIATE_THREADS": "2", "STRIATE_LOOPS": "2", "HOME": "/"],
            flags: [("loops", "3")]
        )
        #expect(read.port == 1)
        #expect(read.threads == 2)
        #expect(read.loops == 3)
    }

    @Test(
        arguments: [
            (#"{"prot": 1}"#, [:], [], "did you mean \"port\""),
            (#"{"port": 70000}"#, [:], [], "-1 to 65535"),
            (#"{"port": "x"}"#, [:], [], "not \"x\""),
            (#"{"port": 1, "port": 2}"#, [:], [], "given twice"),
            (#"{"port": "#, [:], [], "Expected"),
            ("{}", ["STRIATE_PROT": "1"], [], "STRIATE_PROT"),
            ("{}", ["STRIATE_LOG_FORMAT": "xml"], [], "auto, text or json"),
            ("{}", [:], ["threads=-1"], "command line"),
        ] as [(String, [String: String], [String], String)]
    )
    func `a mistake is named with its source`(
        text: String,
        environment: [String: String],
        flags: [String],
        phrase: String
    ) throws {
        let url = try file(text)
        let pairs = flags.map { flag in
            let sides = flag.split(separator: "=").map(String.init)
            return (name: sides[0], value: sides[1])
        }
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration(file: url, environment: environment, flags: pairs)
        }
        #expect(error?.description.contains(phrase) == true, "\(String(describing: error))")
    }

    @Test func `variables that Kubernetes sets for a service are left alone`() throws {
        let read = try Configuration(
            file: nil,
            environment: [
                "STRIATE_PORT": "tcp://10.0.0.1:80", "STRIATE_SERVICE_HOST": "10.0.0.1",
                "STRIATE_PORT_80_TCP_ADDR": "10.0.0.1",
            ],
            flags: []
        )
        #expect(read == Configuration())
    }
}
