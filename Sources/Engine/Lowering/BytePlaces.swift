import Compute
import Graph

/// Windows over images whose channels lie side by side, as lists of places.
struct BytePlaces: Sendable {
    let rows: WindowAxis
    let columns: WindowAxis
    /// Of all groups together.
    let channels: Int
    /// How often the taps are listed.
    var pieces = 1
    /// Whether windows are computed in squares of four, for which lists have an even number of rows.
    var isInSquares = false

    var taps: Int { rows.kernel * columns.kernel * pieces }
    var pixels: Int { rows.input * columns.input }

    /// A second of listing places.
    private static let mostPlaces = 1 << 29

    /// Refuses windows of so many taps that listing them would keep a core for long; each takes `effort` times as long.
    ///
    /// - Throws: `shape`.
    func checkCount(images: Int, effort: Int = 1, _ node: Node) throws(ModelError) {
        // Sizes are below 2^40 together (Windows.axes), images below 2^40 too.
        let perImage = rows.output * columns.output * taps
        guard perImage <= Self.mostPlaces / max(1, images) / max(1, effort) else {
            throw .shape(
                node: node.name,
                reason: "its windows have too many elements for one step"
            )
        }
    }

    /// Output rows whose places are listed together: enough pixels for whole tiles, and all of a small image, for which
    /// many weights would be read again.
    var rowsPerList: Int {
        let width = max(1, columns.output)
        let wanted =
            isInSquares
            ? max(1, 56 / width) * 2 : rows.output <= 64 / width ? rows.output : 48 / width
        return max(1, min(rows.output, wanted))
    }
    var lists: Int { (rows.output + rowsPerList - 1) / rowsPerList }

    /// Bytes from the windows of an output row to those of the next.
    var rowStep: Int { rows.stride * columns.input * channels }

    /// The output rows of a list.
    func rows(of list: Int) -> Range<Int> {
        list * rowsPerList..<min((list + 1) * rowsPerList, rows.output)
    }

    /// Output columns whose windows lie inside of the image.
    private var insideColumns: Range<Int> {
        let reach = (columns.kernel - 1) * columns.dilation
        let first = (max(0, columns.padBegin) + columns.stride - 1) / columns.stride
        let room = columns.input - 1 - reach + columns.padBegin
        let end = room < 0 ? 0 : min(columns.output, room / columns.stride + 1)
        return min(first, end)..<end
    }

    /// Writes the places of all taps of the pixels of output rows; `first` is that of the image's first byte, `padding`
    /// that of bytes that stand for zero.
    func write(_ output: Range<Int>, first: Int, padding: Int, into list: BytePosition) {
        let (count, kernel) = (output.count * columns.output * taps, rows.kernel * columns.kernel)
        list.withMutableIntegers(count: count) { places in
            var index = 0
            let inside = insideColumns
            for y in output {
                for x in 0..<columns.output {
                    if x > inside.lowerBound, x < inside.upperBound {
                        // As far from those of the pixel before as all are; what lies in the padding stays there.
                        for _ in 0..<taps {
                            let before = places[index - taps]
                            places[index] =
                                before == padding
                                ? padding : before + columns.stride * channels
                            index += 1
                        }
                        continue
                    }
                    for a in 0..<rows.kernel {
                        let row = y * rows.stride + a * rows.dilation - rows.padBegin
                        let isRow = row >= 0 && row < rows.input
                        var column = x * columns.stride - columns.padBegin
                        for _ in 0..<columns.kernel {
                            let isInside = isRow && column >= 0 && column < columns.input
                            places[index] =
                                isInside
                                ? first + (row * columns.input + column) * channels : padding
                            index += 1
                            column += columns.dilation
                        }
                    }
                    for _ in 1..<max(1, pieces) {
                        for _ in 0..<kernel {
                            places[index] = places[index - kernel]
                            index += 1
                        }
                    }
                }
            }
        }
    }
}
