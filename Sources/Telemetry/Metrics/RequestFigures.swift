/// What requests have come to, by route, model and status.
struct RequestFigures: Sendable {
    /// Stands for every path that is no route.
    private static let other = "_other"

    private struct Series: Hashable, Comparable {
        let route: String
        var model: ModelLabel?

        static func < (first: Series, second: Series) -> Bool {
            (first.route, first.model?.name ?? "", first.model?.version ?? "")
                < (second.route, second.model?.name ?? "", second.model?.version ?? "")
        }

        /// As between the braces of a sample; no label and an empty one are the same.
        var labels: String {
            let route = MetricsText.label("route", route)
            return model.map { "\($0.text),\(route)" } ?? route
        }
    }

    private struct Figures {
        var statuses: [Int: Int] = [:]
        var errors: [String: Int] = [:]
        var durations = Histogram()

        mutating func count(_ request: AnsweredRequest) {
            statuses[request.status, default: 0] += 1
            if let code = request.errorCode { errors[code, default: 0] += 1 }
            durations.record(request.duration)
        }
    }

    private var figures: [Series: Figures] = [:]
    private var bytesIn = 0
    private var bytesOut = 0

    /// Has the series of these routes on the page before anybody asks; those of models come with their requests.
    mutating func begin(_ routes: [String]) {
        for route in routes where !route.contains("{model}") {
            figures[Series(route: route)] = Figures()
        }
    }

    mutating func count(_ request: AnsweredRequest, model: ModelLabel?) {
        let series = Series(route: request.route ?? Self.other, model: model)
        figures[series, default: Figures()].count(request)
        bytesIn += request.bytesIn
        bytesOut += request.bytesOut
    }

    func append(to page: inout MetricsText) {
        let sorted = figures.sorted { $0.key < $1.key }
        var name = "striate_requests_total"
        page.family(name, .counter, "Answered requests.")
        for (series, figures) in sorted {
            for (status, count) in figures.statuses.sorted(by: { $0.key < $1.key }) {
                page.sample(name, "\(series.labels),status=\"\(status)\"", Double(count))
            }
        }
        name = "striate_errors_total"
        page.family(name, .counter, "Answers that are errors, by their code.")
        for (series, figures) in sorted {
            for (code, count) in figures.errors.sorted(by: { $0.key < $1.key }) {
                let code = MetricsText.label("code", code)
                page.sample(name, "\(series.labels),\(code)", Double(count))
            }
        }
        name = "striate_request_duration_seconds"
        page.family(name, .histogram, "From the complete head to the answer.")
        for (series, figures) in sorted {
            figures.durations.append(to: &page, name: name, labels: series.labels)
        }
        let bytes = [("in", "received", bytesIn), ("out", "sent", bytesOut)]
        for (word, verb, count) in bytes {
            page.single(
                "striate_bytes_\(word)_total",
                .counter,
                help: "Bytes \(verb).",
                value: Double(count)
            )
        }
    }
}
