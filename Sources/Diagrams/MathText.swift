/// A short text of a picture: words, variables in italics, raised and lowered parts.
struct MathText: Sendable, Equatable {
    enum Face: Sendable {
        /// A variable.
        case italic
        /// Digits, brackets and commas of a formula.
        case upright
        case sans
        case bold

        var isSerif: Bool { self == .italic || self == .upright }
    }

    struct Run: Sendable, Equatable {
        var text: String
        var face: Face
        /// 1 for a superscript, −1 for a subscript.
        var level = 0
    }

    var runs: [Run]

    static func words(_ text: String, bold: Bool = false) -> MathText {
        MathText(runs: [Run(text: text, face: bold ? .bold : .sans)])
    }

    /// A variable with its index below and its time, in brackets, above.
    static func variable(_ symbol: String, index: Int? = nil, time: String? = nil) -> MathText {
        var runs = [Run(text: symbol, face: .italic)]
        if let index { runs.append(Run(text: String(index), face: .upright, level: -1)) }
        if let time {
            runs.append(Run(text: "(", face: .upright, level: 1))
            let isNumber = time.allSatisfy(\.isNumber)
            runs.append(Run(text: time, face: isNumber ? .upright : .italic, level: 1))
            runs.append(Run(text: ")", face: .upright, level: 1))
        }
        return MathText(runs: runs)
    }

    static func + (first: MathText, second: MathText) -> MathText {
        MathText(runs: first.runs + second.runs)
    }

    static let comma = MathText(runs: [Run(text: ",\u{A0}", face: .upright)])

    /// The text on one line: `h_1^(t)`.
    var plain: String {
        var text = ""
        var level = 0
        for run in runs {
            if run.level != level, run.level != 0 { text += run.level > 0 ? "^" : "_" }
            level = run.level
            text += run.text
        }
        return text
    }

    /// About how wide the text is in a font of this size.
    func width(size: Double) -> Double {
        runs.reduce(0) { sum, run in
            let share = run.face == .bold ? 0.6 : 0.54
            return sum + Double(run.text.count) * size * share * (run.level == 0 ? 1 : 0.7)
        }
    }
}
