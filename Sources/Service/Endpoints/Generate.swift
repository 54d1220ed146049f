import Foundation
import Inference

/// `POST /models/{m}/generate`: a prompt to symbols drawn one after the other.
enum Generate {
    static let longest = 10_000

    static let route = Route(
        method: .post,
        template: "/models/{model}/generate",
        summary: "Symbols drawn one after the other; the same seed draws the same symbols.",
        body: .sequence,
        placement: .queue,
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        let prompt = try call.sequence(for: symbols, allowsOptions: true)
        let settings = try Settings(prompt.options, symbols: symbols.vocabulary.symbols.count)
        call.stopwatch.enter(.compute)
        let drawn = try draw(settings, after: prompt.tokens, symbols, call)
        call.stopwatch.enter(.encode)
        return Answer([
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "text": .string(symbols.vocabulary.decode(drawn)),
            "tokens": .integers(drawn.map { Int($0) }),
            "seed": .integer(settings.seed),
            "position": .integer(prompt.tokens.count + drawn.count),
        ])
    }

    static func draw(
        _ settings: Settings,
        after prompt: [Int32],
        _ symbols: SymbolModel,
        _ call: Call
    ) throws(ServiceError) -> [Int32] {
        var sampler = Sampler(
            temperature: settings.temperature,
            topK: settings.topK,
            seed: UInt64(bitPattern: Int64(settings.seed))
        )
        let output = symbols.scores
        var state = symbols.model.initialState()
        var pending = prompt
        var drawn: [Int32] = []
        while drawn.count < settings.length {
            var scores: [Double] = []
            let last = pending.count - 1
            try call.advance(symbols.model, pending, state: &state, output: output) {
                (step, row) throws(ModelError) in
                if step == last { scores = symbols.scores(of: row) }
            }
            if let index = scores.firstIndex(where: \.isNaN) {
                throw .nonFiniteResult(output: output, index: index)
            }
            let symbol = Int32(sampler.draw(from: scores))
            drawn.append(symbol)
            pending = [symbol]
        }
        return drawn
    }

    /// The options with their defaults, checked.
    struct Settings {
        let length: Int
        let temperature: Double
        let topK: Int
        let seed: Int

        init(
            _ options: SequenceOptions,
            symbols: Int,
            defaultLength: Int = 100
        ) throws(ServiceError) {
            length = try Self.checked(
                options.length ?? defaultLength,
                "length",
                1...Generate.longest
            )
            topK = try Self.checked(options.topK ?? symbols, "top_k", 1...symbols)
            temperature = options.temperature ?? 1
            guard (0...100).contains(temperature) else {
                throw .invalidValue(
                    field: "temperature",
                    expected: "a number from 0 to 100",
                    got: String(temperature)
                )
            }
            // Below 2⁵³, so that every JSON reader gives it back unchanged.
            seed = options.seed ?? Int.random(in: 0..<(1 << 53))
        }

        private static func checked(
            _ value: Int,
            _ field: String,
            _ range: ClosedRange<Int>
        ) throws(ServiceError) -> Int {
            guard range.contains(value) else {
                throw .invalidValue(
                    field: field,
                    expected: "an integer from \(range.lowerBound) to \(range.upperBound)",
                    got: String(value)
                )
            }
            return value
        }
    }
}

extension SymbolModel {
    /// The logits of a row, or the logarithms of its probabilities where the model has no logits.
    fileprivate func scores(of row: Span<Float>) -> [Double] {
        row.indices.map { logits != nil ? Double(row[$0]) : log(Double(row[$0])) }
    }
}
