import Images
import Models
import TensorFormats

/// A class for each pixel of a picture, at its own size or that of a drawing.
struct Mask {
    let width: Int
    let height: Int
    /// Rows from the top; 0 where the network saw nothing of the picture.
    let classes: [UInt16]

    /// What a network said of a picture, its nearest value for each pixel.
    init(_ map: ClassMap, of picture: PreparedPicture, size: (width: Int, height: Int)) {
        (width, height) = size
        let places = picture.places(inDrawing: size)
        let columns = places.columns.map { Self.cell($0 / Float(picture.width), of: map.width) }
        var classes: [UInt16] = []
        classes.reserveCapacity(width * height)
        for y in places.rows {
            guard let line = Self.cell(y / Float(picture.height), of: map.height) else {
                classes.append(contentsOf: repeatElement(0, count: width))
                continue
            }
            for column in columns {
                classes.append(column.map { map.classes[line * map.width + $0] } ?? 0)
            }
        }
        self.classes = classes
    }

    private static func cell(_ share: Float, of count: Int) -> Int? {
        let cell = (share * Float(count)).rounded(.down)
        return cell >= 0 && cell < Float(count) ? Int(cell) : nil
    }

    /// The picture's size, what there is of each class, and the mask.
    func members(_ manifest: Manifest) -> [(String, JSON)] {
        var found: [UInt16: Extent] = [:]
        // Pairs of a class and how many pixels follow each other.
        var runs: [Int32] = []
        var start = 0
        while start < classes.count {
            let number = classes[start]
            var end = start + 1
            while end < classes.count, classes[end] == number { end += 1 }
            runs += [Int32(number), Int32(end - start)]
            found[number, default: Extent()].add(start..<end, width: width)
            start = end
        }
        let entries = found.sorted { $0.key < $1.key }.map { number, extent -> JSON in
            let index = Int(number)
            return [
                "label": .string(manifest.label(of: index)),
                "index": .integer(index), "pixels": .integer(extent.pixels),
                "share": .number(Double(extent.pixels) / Double(max(1, classes.count))),
                "box": .integers([extent.left, extent.top, extent.right, extent.bottom]),
            ]
        }
        return [
            ("width", .integer(width)), ("height", .integer(height)),
            ("classes", .array(entries)), ("runs", .rows(runs, length: 2)),
        ]
    }

    /// How many pixels a class has, and the box around them.
    private struct Extent {
        var pixels = 0
        var left = Int.max
        var top = Int.max
        var right = 0
        var bottom = 0

        mutating func add(_ run: Range<Int>, width: Int) {
            pixels += run.count
            let (first, last) = (run.lowerBound, run.upperBound - 1)
            top = min(top, first / width)
            bottom = max(bottom, last / width + 1)
            let isSeveral = first / width != last / width
            left = min(left, isSeveral ? 0 : first % width)
            right = max(right, isSeveral ? width : last % width + 1)
        }
    }
}
