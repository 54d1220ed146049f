import Texts
import ArgumentParser
import Glibc
import TensorFormats

extension LoadSubject.Kind: ExpressibleByArgument {}
extension LoadSchedule.Arrivals: ExpressibleByArgument {}

/// `striate load`: how long a server takes at a given rate.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Ask a server at a given rate, and say how long it took.",
        discussion: """
            Requests are due at a rate, whatever became of those before, and times count from when each was due: a server
            that stalls is charged with all who would have come meanwhile.

              striate load http://localhost:8080 --model fashion --rate 500
              striate load http://localhost:8080 --model scripture --as session --rate 2000 --connections 32
              striate load http://localhost:8080 --model voice --as infer --rate 200 --json
              striate load http://localhost:8080/models/fashion/classify --file shirt.png --rate 500
            """
    )

    @Argument(help: "The server's address: http://HOST:PORT, with a path where a --file is posted.")
    var address: String

    @Option(help: "The model; its first example is sent, unless there is a --file.")
    var model: String?

    @Option(name: .customLong("as"), help: "How it is asked: model, session, infer.")
    var kind = LoadSubject.Kind.model

    @Option(help: "Requests a second.")
    var rate = 100.0

    @Option(help: "Seconds.")
    var seconds = 10.0

    @Option(help: "Connections: requests on their way at once, and sessions.")
    var connections = 64

    @Option(
        help: "even, or poisson: at random, as from many clients that know nothing of each other."
    )
    var arrivals = LoadSchedule.Arrivals.even

    @Option(help: "A file that is sent.")
    var file: String?

    @Option(help: "The text that is sent to models of symbols.")
    var text = "In the beginning "

    @Option(help: "An API key.")
    var key: String?

    @Option(help: "Tells one random load from another.")
    var seed: UInt64 = 1

    @Flag(help: "Print the figures as JSON, in milliseconds.")
    var json = false

    func validate() throws {
        guard rate > 0, rate <= 1e6, seconds > 0, seconds <= 86_400 else {
            throw ValidationError("a rate is from 0 to 1,000,000 a second, for at most a day")
        }
        guard (1...4096).contains(connections) else {
            throw ValidationError("there are 1 to 4096 connections")
        }
    }

    func run() throws {
        let subject = try LoadSubject(
            LoadPlace(address),
            model: model,
            kind: kind,
            file: file,
            text: text,
            key: key
        )
        let schedule = LoadSchedule(rate: rate, seconds: seconds, arrivals: arrivals, seed: seed)
        let bar = ProgressBar(total: Int(rate * seconds))
        let generator = LoadGenerator(
            subject: subject,
            schedule: schedule,
            connections: connections
        )
        let report = generator.run { bar.show($0) }
        bar.finish()
        if json {
            print(String(decoding: document(report, subject).text, as: UTF8.self))
        } else {
            write(report, subject)
        }
        let isAnswered = report.statuses.contains { $0.key < 400 }
        if !isAnswered { throw ExitCode.failure }
    }

    private func write(_ report: LoadReport, _ subject: LoadSubject) {
        let words = "\(count(rate)) a second, \(arrivals.rawValue), for \(count(seconds)) s"
        print("\(subject.words); \(words); \(connections) connections")
        let statuses = report.statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        let answered = report.statuses.values.reduce(0, +)
        print(
            "sent       \(report.sent); no answer: \(report.unanswered); \(statuses.joined(separator: ", "))"
        )
        print("answered   \(count(Double(answered) / report.seconds)) a second")
        print("late       \(report.late) found no free connection within 1 ms")
        if report.unsent > 0 {
            print("never sent \(report.unsent) found none before the end: the server is too slow")
        }
        let names = LatencyHistogram.shares.map { share in
            share == 1 ? "most" : LatencyHistogram.name(of: share)
        }
        print("           " + names.map { column($0, 9, right: true) }.joined())
        for (name, times) in [("from due ", report.fromDue), ("from sent", report.fromSent)] {
            let values = LatencyHistogram.shares.map {
                column(LatencyHistogram.text(times.percentile($0)), 9, right: true)
            }
            print("\(name)  " + values.joined())
        }
        print("")
        for line in report.fromDue.lines() { print(line) }
    }

    private func count(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : fixed(number, 1)
    }

    private func document(_ report: LoadReport, _ subject: LoadSubject) -> JSON {
        let statuses = report.statuses.sorted { $0.key < $1.key }.map {
            (String($0.key), JSON.integer($0.value))
        }
        let answered = report.statuses.values.reduce(0, +)
        return [
            "request": .string(subject.words), "rate": .number(rate),
            "seconds": .number(report.seconds),
            "connections": .integer(connections), "arrivals": .string(arrivals.rawValue),
            "sent": .integer(report.sent), "unanswered": .integer(report.unanswered),
            "late": .integer(report.late), "never_sent": .integer(report.unsent),
            "statuses": .object(statuses),
            "answered_per_second": .number(Double(answered) / report.seconds),
            "milliseconds_from_due": report.fromDue.document,
            "milliseconds_from_sent": report.fromSent.document,
        ]
    }
}
