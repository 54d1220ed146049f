import Foundation
import HTTP
import Images
import Testing

@testable import Service
@testable import Telemetry

@Suite struct `Pieces` {
    @Test(arguments: [
        (nil, "application/json"), ("*/*", "application/json"), ("image/png", "image/png"),
        ("text/*", "text/csv"), ("application/json;q=0.1, image/png", "image/png"),
        ("image/*;q=0.5, application/x-npy;q=0.6", "application/x-npy"),
        ("*/*;q=0.1, application/json;q=0", "image/png"), ("", "application/json"),
        ("IMAGE/PNG", "image/png"), ("text/html, */*;q=0.2", "application/json"),
    ])
    func `chooses the form the client likes best`(accept: String?, expected: String) throws {
        let form = try AnswerForm.choose(accept: accept, from: [.json, .png, .npy, .csv])
        #expect(form.rawValue == expected)
    }

    @Test(arguments: ["text/html", "application/json;q=0", "image/jpeg, text/plain"])
    func `refuses a list without anything there is`(accept: String) {
        #expect(throws: ServiceError.self) { try AnswerForm.choose(accept: accept, from: [.json]) }
    }

    @Test(arguments: ["json", "a/b/c", "*/json", "text/csv;q=2", "text/csv;q=x", "/"])
    func `refuses a malformed Accept`(accept: String) {
        #expect(throws: ServiceError.self) { try AnswerForm.choose(accept: accept, from: [.json]) }
    }

    @Test func `ranks the largest first and equal ones by index`() {
        let values: [Float] = [0.1, 0.4, 0.4, 0, 0.1]
        #expect(ranking(of: values.span, count: 3).map(\.index) == [1, 2, 0])
        #expect(ranking(of: values.span, count: 9).map(\.index) == [1, 2, 0, 4, 3])
    }

    @Test func `the loss survives logits of ten thousand`() {
        let logits: [Float] = [10_000, -10_000, 0]
        #expect(crossEntropy(logits: logits.span, target: 0) == 0)
        #expect(crossEntropy(logits: logits.span, target: 1) == 20_000)
        #expect(crossEntropy(logits: logits.span, target: 2) == 10_000)
    }

    @Test func `draws by their probabilities`() {
        var sampler = Sampler(temperature: 1, topK: 3, seed: 1)
        var counts = [0, 0, 0, 0]
        for _ in 0..<20_000 { counts[sampler.draw(from: [log(0.5), log(0.3), log(0.2), -9])] += 1 }
        #expect(counts[3] == 0)
        // Four standard deviations of a binomial of 20,000.
        for (count, share) in zip(counts, [0.5, 0.3, 0.2]) {
            #expect(
                abs(Double(count) - share * 20_000) < 4
                    * (20_000 * share * (1 - share)).squareRoot()
            )
        }
    }

    @Test func `kernels of pairs stand in even columns`() {
        for count in 1...200 { #expect(Kernels.evenColumns(for: count) % 2 == 0) }
        #expect(Kernels.evenColumns(for: 64) == 8)
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"), (951_782_400.5, "2000-02-29T00:00:00.500Z"),
        (1_709_251_199.999, "2024-02-29T23:59:59.999Z"),
        (4_102_444_800.0, "2100-01-01T00:00:00.000Z"),
    ])
    func `writes times as RFC 3339`(seconds: Double, text: String) {
        #expect(LineLogHandler.timestamp(seconds) == text)
    }

    @Test func `metrics keep to the format`() {
        var page = MetricsText()
        page.family("a_total", .counter, "Help.")
        page.sample("a_total", MetricsText.label("x", "q\"\\\n"), 3)
        var histogram = Histogram()
        histogram.record(.microseconds(300))
        histogram.record(.seconds(60))
        histogram.append(to: &page, name: "h", labels: "r=\"1\"")
        let text = String(decoding: page.bytes, as: UTF8.self)
        #expect(text.contains("# HELP a_total Help.\n# TYPE a_total counter\n"))
        #expect(text.contains("a_total{x=\"q\\\"\\\\\\n\"} 3\n"))
        #expect(text.contains("h_bucket{r=\"1\",le=\"0.00025\"} 0\n"))
        #expect(text.contains("h_bucket{r=\"1\",le=\"0.0005\"} 1\n"))
        #expect(text.contains("h_bucket{r=\"1\",le=\"+Inf\"} 2\n"))
        #expect(text.contains("h_count{r=\"1\"} 2\n"))
    }
}

@Suite struct `Pictures made numbers` {
    @Test func `a network that wants blue first gets it`() {
        let image = Image(width: 1, height: 1, channels: 3, samples: [10, 20, 30])
        let picture = PreparedPicture(channels: 3, height: 1, width: 1, samples: .image(image))
        var values = [Float](repeating: 0, count: 3)
        for (isReversed, expected) in [(false, [9, 18, 27]), (true, [29, 18, 7])]
            as [(Bool, [Float])]
        {
            let normalisation = PictureNormalisation(
                mean: [1, 2, 3],
                scale: [1, 1, 1],
                rescale: 1,
                isReversed: isReversed,
                isChannelsLast: false
            )
            var span = values.mutableSpan
            picture.write(to: &span, normalisation)
            #expect(values == expected)
        }
    }
}
