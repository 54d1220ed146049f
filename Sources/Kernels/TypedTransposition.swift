import KernelInterface

/// target[j · targetRow + i] = source[i · sourceRow + j] for i < rows and j < columns, of elements of `width` bytes.
func transposeMatrix(
    _ width: Int,
    _ source: UnsafeRawPointer,
    _ sourceRow: Int,
    _ target: UnsafeMutableRawPointer,
    _ targetRow: Int,
    _ rows: Int,
    _ columns: Int
) {
    switch width {
    case 1 where columns == 3 && sourceRow == 3:
        parts(of: elements(source, UInt8.self), elements(target, UInt8.self), targetRow, rows)
    case 4 where columns == 3 && sourceRow == 3:
        parts(of: elements(source, UInt32.self), elements(target, UInt32.self), targetRow, rows)
    case 1 where columns >= 16:
        transposeBytes(
            elements(source, UInt8.self),
            sourceRow,
            elements(target, UInt8.self),
            targetRow,
            rows,
            columns
        )
    case 1:
        transposeSquares(UInt8.self, source, sourceRow, target, targetRow, rows, columns)
    case 4 where rows >= 8 && columns >= 8:
        transposeFloats(
            elements(source, Float.self),
            sourceRow,
            elements(target, Float.self),
            targetRow,
            rows,
            columns
        )
    case 4: transposeSquares(UInt32.self, source, sourceRow, target, targetRow, rows, columns)
    default: transposeSquares(UInt64.self, source, sourceRow, target, targetRow, rows, columns)
    }
}

/// Squares of eight, the last of a row or column moved back until they fit; within strips of 64 that a cache holds.
@inline(never)
private func transposeFloats(
    _ source: Floats,
    _ sourceRow: Int,
    _ target: MutableFloats,
    _ targetRow: Int,
    _ rows: Int,
    _ columns: Int
) {
    var strip = 0
    while strip < rows {
        let end = min(strip &+ 64, rows)
        var column = 0
        while column < columns {
            let j = min(column, columns &- 8)
            var row = strip
            while row < end {
                let i = min(row, rows &- 8)
                striate_transpose8(
                    source + (i &* sourceRow &+ j),
                    sourceRow,
                    target + (j &* targetRow &+ i),
                    targetRow
                )
                row &+= 8
            }
            column &+= 8
        }
        strip &+= 64
    }
}

/// Squares of sixteen, the last of a row or column moved back until they fit.
///
/// Of fewer rows that lie close together in the target, each column's end is written over by the next one.
@inline(never)
private func transposeBytes(
    _ source: UnsafePointer<UInt8>,
    _ sourceRow: Int,
    _ target: UnsafeMutablePointer<UInt8>,
    _ targetRow: Int,
    _ rows: Int,
    _ columns: Int
) {
    let tall = min(rows, 16)
    // Columns that have so many behind them that 16 bytes from their start are all the target's.
    let isDense = rows < 16 && rows == targetRow
    let free = isDense ? columns &- (16 &+ rows &- 1) / rows : columns
    let squared = free >= 16 ? free : 0
    var column = 0
    while column < squared {
        let j = min(column, squared &- 16)
        var row = 0
        while row < rows {
            let i = min(row, rows &- tall)
            striate_transpose_bytes16(
                source + (i &* sourceRow &+ j),
                sourceRow,
                target + (j &* targetRow &+ i),
                targetRow,
                tall,
                isDense ? 0 : 1
            )
            row &+= 16
        }
        column &+= 16
    }
    for column in squared..<columns {
        for row in 0..<rows {
            target[column &* targetRow &+ row] = source[row &* sourceRow &+ column]
        }
    }
}

@inline(never)
private func transposeSquares<Value>(
    _ type: Value.Type,
    _ source: UnsafeRawPointer,
    _ sourceRow: Int,
    _ target: UnsafeMutableRawPointer,
    _ targetRow: Int,
    _ rows: Int,
    _ columns: Int
) {
    let (x, y) = (elements(source, type), elements(target, type))
    var strip = 0
    while strip < rows {
        let end = min(strip &+ 16, rows)
        for column in 0..<columns {
            for row in strip..<end {
                y[column &* targetRow &+ row] = x[row &* sourceRow &+ column]
            }
        }
        strip &+= 16
    }
}

/// Red, green and blue of pixels that hold them side by side.
///
/// With steps the compiler knows it moves several at once.
@inline(never)
private func parts<Value: BitwiseCopyable>(
    of pixels: UnsafePointer<Value>,
    _ target: UnsafeMutablePointer<Value>,
    _ targetRow: Int,
    _ count: Int
) {
    let (green, blue) = (target + targetRow, target + 2 &* targetRow)
    for pixel in 0..<count {
        target[pixel] = pixels[3 &* pixel]
        green[pixel] = pixels[3 &* pixel &+ 1]
        blue[pixel] = pixels[3 &* pixel &+ 2]
    }
}
