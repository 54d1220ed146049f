/// A box to be drawn on a picture, in the picture's pixels.
public struct MarkedBox: Sendable {
    let left: Float
    let top: Float
    let right: Float
    let bottom: Float
    let caption: String
    /// Boxes of one number have one colour.
    let colour: Int

    public init(
        left: Float,
        top: Float,
        right: Float,
        bottom: Float,
        caption: String,
        colour: Int
    ) {
        (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
        (self.caption, self.colour) = (caption, colour)
    }
}

extension Image {
    /// The picture in RGB with boxes and their captions on it; of boxes that overlap the first is seen whole.
    public func marked(with boxes: [MarkedBox]) -> Image {
        var canvas = Canvas(of: rgb())
        // Thin lines are lost where a picture is seen at a fraction of its size.
        let thickness = max(2, min(width, height) / 240)
        for box in boxes.reversed() {
            let colour = Self.colour(box.colour)
            let rows = canvas.rows(box.top, box.bottom)
            let columns = canvas.columns(box.left, box.right)
            guard !rows.isEmpty, !columns.isEmpty else { continue }
            let inner = (
                rows: rows.dropFirst(thickness).dropLast(thickness),
                columns: columns.dropFirst(thickness).dropLast(thickness)
            )
            for row in rows {
                if inner.rows.contains(row), !inner.columns.isEmpty {
                    let (first, last) = (inner.columns.lowerBound, inner.columns.upperBound)
                    canvas.fill(
                        row: row,
                        from: columns.lowerBound,
                        first - columns.lowerBound,
                        with: colour
                    )
                    canvas.fill(row: row, from: last, columns.upperBound - last, with: colour)
                } else {
                    canvas.fill(row: row, from: columns.lowerBound, columns.count, with: colour)
                }
            }
            canvas.write(box.caption, at: (columns.lowerBound, rows.lowerBound), on: colour)
        }
        return canvas.image
    }

    /// The picture in RGB, half covered by the colour of each pixel's number; 0 is left as it is.
    ///
    /// `classes` are rows from the top, as many as there are pixels.
    public func tinted(by classes: [UInt16]) -> Image {
        precondition(classes.count == width * height, "not a class for each pixel")
        var samples = rgb().samples
        for (pixel, number) in classes.enumerated() where number > 0 {
            let colour = Self.colour(Int(number))
            for channel in 0..<3 {
                let mixed = (UInt16(samples[3 * pixel + channel]) + UInt16(colour[channel])) / 2
                samples[3 * pixel + channel] = UInt8(mixed)
            }
        }
        return Image(width: width, height: height, channels: 3, samples: samples)
    }

    /// A colour of its own for each number: hues a golden section apart are never close to those just before.
    private static func colour(_ number: Int) -> Colour {
        let hue =
            (Double(number & 0xFFFF) * 0.618_033_988_75).truncatingRemainder(dividingBy: 1) * 6
        func part(_ shift: Double) -> UInt8 {
            let place = (hue + shift).truncatingRemainder(dividingBy: 6)
            let share = max(0, min(1, min(place, 4 - place)))
            return UInt8((40 + 200 * share).rounded())
        }
        return Colour(part(2), part(0), part(4))
    }
}

extension Canvas {
    init(of image: Image) {
        self.init(width: image.width, height: image.height, samples: image.samples)
    }

    /// The pixels between two edges, as far as they are in the picture.
    fileprivate func rows(_ from: Float, _ to: Float) -> Range<Int> { pixels(from, to, height) }
    fileprivate func columns(_ from: Float, _ to: Float) -> Range<Int> { pixels(from, to, width) }

    private func pixels(_ from: Float, _ to: Float, _ count: Int) -> Range<Int> {
        func edge(_ value: Float) -> Int { Int(max(0, min(Float(count), value.rounded()))) }
        let first = edge(from)
        return first..<max(first, edge(to))
    }

    /// Writes a line above a place, or below it where there is no room, in black or white on a ground of this colour.
    fileprivate mutating func write(
        _ text: String,
        at place: (column: Int, row: Int),
        on ground: Colour
    ) {
        let scale = max(1, min(width, height) / 320)
        let letters = Array(text.unicodeScalars.prefix(width / (Lettering.width * scale)))
        let size = (
            width: (letters.count * Lettering.width + 2) * scale, height: Lettering.height * scale
        )
        guard !letters.isEmpty, size.width <= width, size.height <= height else { return }
        let top =
            place.row >= size.height
            ? place.row - size.height : min(place.row, height - size.height)
        let left = min(place.column, width - size.width)
        let isLight = 2 * Int(ground.x) + 5 * Int(ground.y) + Int(ground.z) > 1000
        let ink = isLight ? Colour(0, 0, 0) : Colour(255, 255, 255)
        for row in 0..<size.height {
            fill(row: top + row, from: left, size.width, with: ground)
        }
        var line = String.UnicodeScalarView()
        line.append(contentsOf: letters)
        letter(String(line), at: left + scale, top: top, anchor: .start, ink: ink, scale: scale)
    }
}
