import Foundation
import Testing

/// Start, end and mistakes on the command line.
@Suite(.serialized) struct `The program` {
    private func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = try LiveServer.program()
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test func `a signal lets a stream come to its end`() throws {
        let server = try LiveServer(["--set", "drain_seconds=3600"])
        let script = """
            out=$(mktemp)
            curl -sS -N -H 'Accept: text/event-stream' -d '{"text":"And ","length":2000}' \
                http://127.0.0.1:\(server.port)/models/scripture/generate > "$out" &
            curl=$!
            until grep -q index "$out"; do kill -0 $curl || break; done
            kill -TERM \(server.process.processIdentifier)
            wait $curl
            echo "curl ended with $?"
            cat "$out"
            rm "$out"
            """
        let (output, messages) = try LiveServer.run("bash", ["-c", script])
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.hasPrefix("curl ended with 0\n"), "\(messages)")
        #expect(text.components(separatedBy: "data: {\"index\":").count == 2001)
        #expect(text.components(separatedBy: "event: end\n").count == 2)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal under load loses no answer and exits with 0`(signal: Int32) throws {
        let server = try LiveServer()
        let shirt = LiveServer.package.appending(path: "config/models/fashion/examples/shirt.png")
        let text = "{\"text\":\"\(String(repeating: "And ", count: 5000))\"}"
        let url = "http://127.0.0.1:\(server.port)/models"
        // The signal comes once a first answer has, while others are still computed.
        let script = """
            out=$(mktemp)
            print='%{http_code}\\n'
            for client in 1 2 3 4 5 6 7 8; do
                printf '%s' '\(text)' | curl -s -m 600 -o /dev/null -w "$print" \
                    --data-binary @- \(url)/scripture/score >> "$out" &
                curl -s -m 600 -o /dev/null -w "$print" --data-binary @\(shirt.path) \
                    \(url)/fashion/classify >> "$out" &
            done
            until [ -s "$out" ]; do sleep 0.01; done
            kill -\(signal) \(server.process.processIdentifier)
            wait
            cat "$out"
            rm "$out"
            """
        let (output, _) = try LiveServer.run("bash", ["-c", script])
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        #expect(server.process.terminationReason == .exit)
        // 000 and 503: refused after the signal. Whatever had begun has its answer.
        let statuses = String(decoding: output, as: UTF8.self).split(separator: "\n")
        let answered = statuses.filter { $0 == "200" }.count
        let refused = statuses.filter { $0 == "000" || $0 == "503" }.count
        #expect(answered > 0)
        #expect(answered + refused == 16, "\(statuses)")
        let logged = server.log.split(separator: "\n").filter { $0.contains("\"status\":200") }
        #expect(logged.count == answered)
    }

    @Test func `while the drain delay runs, it serves but is not ready`() throws {
        // On a busy machine the delay may be over before curl has asked; then a longer one is tried.
        for delay in [5, 25, 125] {
            let server = try LiveServer(["--set", "drain_delay_seconds=\(delay)"])
            #expect(try server.curl("/healthz").status == 200)
            let start = ContinuousClock.now
            server.process.terminate()
            var health = 200
            while health == 200 { health = try server.curl("/healthz").status }
            let models = try server.curl("/models").status
            let isTelling = start.duration(to: .now) < .seconds(delay)
            server.process.waitUntilExit()
            #expect(server.process.terminationStatus == 0)
            guard isTelling else { continue }
            #expect(health == 503)
            #expect(models == 200)
            return
        }
    }

    @Test func `running out of descriptors is survived`() throws {
        let server = try LiveServer()
        let script = """
            import socket, sys
            held = []
            for _ in range(60):
                try: held.append(socket.create_connection(("127.0.0.1", \(server.port)), 10))
                except OSError: pass
            gone = 0
            for _ in range(100):
                if gone > 10: break
                for connection in list(held):
                    connection.settimeout(0.1)
                    try: connection.recv(1)
                    except ConnectionResetError: pass
                    except TimeoutError: continue
                    held.remove(connection)
                    gone += 1
            print(gone)
            """
        let limit = "--nofile=40:40"
        let identifier = String(server.process.processIdentifier)
        _ = try LiveServer.run("prlimit", ["--pid", identifier, limit])
        let (output, messages) = try LiveServer.run("python3", ["-c", script])
        let gone = Int(String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines))
        #expect(try #require(gone, "\(messages)") > 10)
        #expect(try server.curl("/healthz").status == 200)
    }

    @Test func `says that a port is taken, in one line`() throws {
        let server = try LiveServer()
        let result = try run(["serve", "--port", String(server.port)])
        #expect(result.status == 1)
        let error = result.output.split(separator: "\n").filter { $0.contains("Error") }
        #expect(error.count == 1)
        #expect(result.output.contains("in use"))
    }

    @Test(
        arguments: [
            (["serve", "--set", "prot=1"], Int32(1), "did you mean \"port\""),
            (["serve", "--port", "99999"], 1, "-1 to 65535"),
            (["serve", "--kernels", "mmx"], 1, "mmx"),
            (["serve", "--config", "/nowhere.json"], 1, "/nowhere.json"),
            (["serve", "--models", "/nowhere"], 1, "/nowhere"),
            (["serve", "--frobnicate"], 64, "frobnicate"),
            (["check", "/nowhere"], 64, "no folder"),
            (["predict", "fashion", "/nowhere.png"], 1, "/nowhere.png"),
            (["--version"], 0, "0."), (["--help"], 0, "curl"),
            (["serve", "--help"], 0, "SIGTERM"),
            (["check", "fashion"], 0, "check vectors: passed"),
            (["describe", "scripture"], 0, "licence"), (["describe", "fashion-int8"], 0, "int8"),
            (["quantise", "fashion", "/nowhere", "-o", "/tmp"], 64, "is there already"),
        ] as [([String], Int32, String)]
    )
    func `exits with a telling code and text`(
        arguments: [String],
        status: Int32,
        phrase: String
    ) throws {
        let result = try run(arguments)
        #expect(result.status == status, "\(result.output)")
        #expect(result.output.contains(phrase), "\(result.output)")
    }

    @Test func `quantises a model into a folder that can be served`() throws {
        let examples = LiveServer.package.appending(path: "config/models/fashion/examples").path
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "int8-\(UInt64.random(in: 0...UInt64.max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let arguments = ["quantise", "fashion", examples, "-o", folder.path]
        let made = try run(arguments)
        #expect(made.status == 0, "\(made.output)")
        #expect(made.output.contains("conv1   int8"), "\(made.output)")
        let answer = try run(["predict", folder.path, "\(examples)/shirt.png", "--top", "1"])
        #expect(answer.output.contains("Shirt"), "\(answer.output)")
        let again = try run(arguments)
        #expect(again.status == 64 && again.output.contains("is there already"))
        let refused = try run(["quantise", "fashion", "/nowhere", "-o", "\(folder.path)-2"])
        #expect(refused.status == 1 && refused.output.contains("/nowhere"))
    }

    @Test func `an ONNX file alone is a model on the command line, and gets a manifest`() throws {
        let models = LiveServer.package.appending(path: "config/models")
        let file = models.appending(path: "fashion-int8/model.onnx").path
        let picture = models.appending(path: "fashion/examples/shirt.png").path
        let made = try run(["new", file])
        #expect(made.status == 0, "\(made.output)")
        #expect(made.output.contains("\"task\": \"image-classification\""), "\(made.output)")
        #expect(made.output.contains("\"scores\": \"probabilities\""), "\(made.output)")
        let refused = try run(["new", "fashion-int8"])
        #expect(refused.status == 64 && refused.output.contains("has a model.json already"))
        #expect(try run(["predict", file, picture]).status == 0)
        #expect(try run(["describe", file]).output.contains("picture of 1x28x28"))
    }

    @Test func `predicts without a server`() throws {
        let example = LiveServer.package
            .appending(path: "config/models/fashion/examples/shirt.png").path
        let table = try run(["predict", "fashion", example])
        #expect(table.status == 0)
        #expect(table.output.contains("Shirt"))
        let json = try run(["predict", "fashion", example, "--json", "--top", "1"])
        #expect(json.output.hasPrefix("{\"model\":\"fashion\""))
    }
}
