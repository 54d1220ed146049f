import Glibc
import Texts

/// Round numbers along an axis.
enum Ticks {
    /// About `count` numbers within the range, 1, 2 or 5 times a power of ten apart.
    static func values(_ low: Double, _ high: Double, about count: Int) -> [Double] {
        let span = high - low
        guard span.isFinite, span > 0, count > 0 else { return [] }
        let rough = span / Double(count)
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
        let first = (low / step).rounded(.up)
        let last = (high / step).rounded(.down)
        guard step > 0, last >= first, last - first < 100 else { return [] }
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }

    /// A number as short as it can be told from its neighbours.
    static func label(_ value: Double) -> String {
        // −0 and the rest of a sum.
        let rounded = (value * 1e6).rounded() / 1e6
        if abs(value) >= 1e-4 || value == 0 {
            if rounded == rounded.rounded(), abs(rounded) < 1e6 { return "\(Int(rounded))" }
            if abs(rounded) < 1e6 { return "\(rounded)" }
        }
        let exponent = Int(log10(abs(value)).rounded(.down))
        let digits = String(abs(exponent))
        let sign = exponent < 0 ? "-" : "+"
        return fixed(value / pow(10, Double(exponent)), 1) + "e" + sign
            + (digits.count < 2 ? "0" : "") + digits
    }
}

extension Canvas {
    static let axisInk = Colour(80, 80, 80)

    /// Writes a line whose middle, left or right end stands at a column; letters that would lie outside are left out.
    mutating func letter(
        _ text: String,
        at column: Int,
        top: Int,
        anchor: TextAnchor = .middle,
        ink: Colour = Canvas.axisInk,
        scale: Int = 1
    ) {
        let letters = Array(text.unicodeScalars)
        let (wide, high) = (Lettering.width * scale, Lettering.height * scale)
        let length = letters.count * wide
        let left =
            switch anchor {
            case .start: column
            case .middle: column - length / 2
            case .end: column - length
            }
        for (index, letter) in letters.enumerated() {
            let start = left + index * wide
            guard start >= 0, start + wide <= width, top >= 0, top + high <= height
            else { continue }
            for row in 0..<high {
                for column in 0..<Lettering.width
                where Lettering.isSet(letter, row: row / scale, column: column) {
                    fill(row: top + row, from: start + column * scale, scale, with: ink)
                }
            }
        }
    }

    enum TextAnchor {
        case start, middle, end
    }

    /// Steps along the lower edge of a plot between two columns: its symbol under each step where there is room, and the
    /// positions of some, counted from 1.
    ///
    /// `isCell` says that each step has a width, as in a map, and is no point.
    mutating func timeAxis(
        _ columns: Range<Int>,
        bottom: Int,
        steps: Int,
        symbols: [String],
        isCell: Bool
    ) {
        func column(_ step: Int) -> Int {
            let part =
                isCell
                ? (Double(step) + 0.5) / Double(steps)
                : Double(step) / Double(max(steps - 1, 1))
            return columns.lowerBound + Int(part * Double(columns.count - 1) + 0.5)
        }
        var top = bottom + 4
        if symbols.count == steps, columns.count / max(steps, 1) >= Lettering.width + 1 {
            for (step, symbol) in symbols.enumerated() {
                letter(Self.visible(symbol), at: column(step) + 1, top: top)
            }
            top += Lettering.height + 2
        }
        for value in Ticks.values(1, Double(max(steps, 2)), about: 8) {
            guard value == value.rounded(), (1...steps).contains(Int(value)) else { continue }
            let place = column(Int(value) - 1)
            for row in bottom..<bottom + 3 {
                fill(row: row, from: place, 1, with: Canvas.axisInk)
            }
            letter(Ticks.label(value), at: place, top: top)
        }
    }

    /// A symbol as one letter: what is blank or none of the font's is told by another.
    private static func visible(_ symbol: String) -> String {
        switch symbol {
        case " ": "_"
        case "\n": "/"
        default: String(symbol.prefix(1))
        }
    }

    /// Rows that a time axis takes below a plot.
    static let timeAxisHeight = 2 * Lettering.height + 8
}

extension MapMosaic {
    /// The picture with the steps of a sequence below it, whose values stand one beside the other in the only map.
    public func render(steps: Int, symbols: [String]) -> Image {
        let image = render()
        let gap = MosaicLayout(self).gap
        let added = Canvas.timeAxisHeight
        var canvas = Canvas(
            width: image.width,
            height: image.height + added,
            samples: image.samples
                + [UInt8](repeating: 255, count: image.width * added * 3)
        )
        canvas.timeAxis(
            gap..<image.width - gap,
            bottom: image.height,
            steps: steps,
            symbols: symbols,
            isCell: true
        )
        return canvas.image
    }
}
