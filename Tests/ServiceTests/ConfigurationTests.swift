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
            ("{}", ["STRIATE_PORT": "eighty"], [], "STRIATE_PORT"),
            ("{}", ["AIP_HTTP_PORT": "http"], [], "AIP_HTTP_PORT"),
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

    /// What Kubernetes says of a service with a port that has a name, in every pod of its namespace.
    private func links(to service: String) -> [String: String] {
        let name = service.uppercased().replacing("-", with: "_")
        return [
            "\(name)_SERVICE_HOST": "10.0.0.1", "\(name)_SERVICE_PORT": "8080",
            "\(name)_SERVICE_PORT_HTTP": "8080", "\(name)_PORT": "tcp://10.0.0.1:8080",
            "\(name)_PORT_8080_TCP": "tcp://10.0.0.1:8080",
            "\(name)_PORT_8080_TCP_PROTO": "tcp", "\(name)_PORT_8080_TCP_PORT": "8080",
            "\(name)_PORT_8080_TCP_ADDR": "10.0.0.1",
        ]
    }

    @Test(
        arguments: [
            ("striate-api", []), ("striate-port", []), ("striate-a-service-b", []),
            ("striate", ["STRIATE_PORT"]), ("striate-tls", ["STRIATE_TLS_PORT"]),
        ]
    )
    func `variables that Kubernetes sets for a service set nothing`(
        service: String,
        noted: [String]
    ) throws {
        let environment = links(to: service)
        #expect(
            try Configuration(file: nil, environment: environment, flags: []) == Configuration()
        )
        let notes = SettingVariables(environment).ignored
        #expect(
            notes == noted.map { .serviceLink($0, value: "tcp://10.0.0.1:8080") },
            "\(notes)"
        )
    }

    @Test func `unknown variables are told, and those without a value are not set`() throws {
        let environment = [
            "STRIATE_PROT": "1", "STRIATE_BUILD_COMMIT": "abc", "STRIATE_PORT": "",
            "STRIATE_CONFIG": "x.json", "STRIATE_PORT_HTTP_TCP": "1", "STRIATE_": "1",
            "STRIATE_EMPTY": "", "AIP_HTTP_PORT": "", "SAGEMAKER_BIND_TO_PORT": "",
        ]
        #expect(
            try Configuration(file: nil, environment: environment, flags: []) == Configuration()
        )
        let notes = SettingVariables(environment).ignored
        #expect(
            notes == [
                .unknown("STRIATE_", nearest: nil), .unknown("STRIATE_BUILD_COMMIT", nearest: nil),
                .unknown("STRIATE_PORT_HTTP_TCP", nearest: nil),
                .unknown("STRIATE_PROT", nearest: "port"),
            ]
        )
        #expect(notes[3].description.contains("did you mean STRIATE_PORT?"))
    }

    @Test func `platforms that stand before the server call it as they like`() throws {
        for variable in ["AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "K_SERVICE"] {
            let read = try Configuration(file: nil, environment: [variable: "8080"], flags: [])
            #expect(read.hosts == "*")
        }
    }
}
