/// Scales and turns a picture whose rows come one by one, from the top.
///
/// A picture is scaled across first, then down, each rounded to 8 bits, as Pillow does it. Where stored rows are
/// the columns of the picture as it is meant to be seen, that is the other way round here.
struct RowScaler {
    private let channels: Int
    private let isDownFirst: Bool
    private let across: AxisSampling
    private var down: RowSampler
    private var output: OrientedRows
    /// A row scaled across.
    private var narrowed: [UInt8] = []

    init(
        of size: (width: Int, height: Int, channels: Int),
        _ orientation: Orientation,
        _ placement: Placement,
        _ filter: ResizeFilter
    ) throws(ImageError) {
        channels = size.channels
        isDownFirst = orientation.isTurned
        let width = (part: placement.across, outputs: placement.width)
        let height = (part: placement.down, outputs: placement.height)
        let (columns, rows) = orientation.isTurned ? (height, width) : (width, height)
        across = AxisSampling(
            columns.part,
            of: size.width,
            to: columns.outputs,
            filter,
            isReversed: orientation.reversesColumns
        )
        down = try RowSampler(
            AxisSampling(
                rows.part,
                of: size.height,
                to: rows.outputs,
                filter,
                isReversed: orientation.reversesRows
            ),
            rowLength: (isDownFirst ? size.width : columns.outputs) * channels
        )
        output = try OrientedRows(
            width: columns.outputs,
            height: rows.outputs,
            channels: channels,
            orientation
        )
        if across.isScaled { narrowed = try Memory.bytes(columns.outputs * channels) }
    }

    /// Samples are copied, none is computed.
    var isExact: Bool { across.isExact && down.isExact }

    mutating func take(_ row: [UInt8]) {
        if isDownFirst {
            down.take(row)
            while down.next() { put(down.current) }
        } else if down.isWaiting {
            across.scale(row, channels: channels, into: &narrowed)
            down.take(across.isScaled ? narrowed : row)
            while down.next() { output.append(down.current) }
        } else {
            down.pass()
        }
    }

    private mutating func put(_ row: [UInt8]) {
        across.scale(row, channels: channels, into: &narrowed)
        output.append(across.isScaled ? narrowed : row)
    }

    consuming func finish() -> Image { output.image }
}

/// A picture that grows by rows, which stand in it as its orientation has them.
private struct OrientedRows {
    private let channels: Int
    private let size: (width: Int, height: Int)
    private let rowLength: Int
    /// Where the pixel (column, row) of the stored picture goes: origin + column * across + row * down.
    private let origin: Int
    private let across: Int
    private let down: Int
    private var samples: [UInt8]
    private var row = 0

    init(
        width: Int,
        height: Int,
        channels: Int,
        _ orientation: Orientation
    ) throws(ImageError) {
        self.channels = channels
        rowLength = width * channels
        let isTurned = orientation.isTurned
        size = isTurned ? (height, width) : (width, height)
        // Neighbours in a stored row and column are this far apart.
        let (right, below) = isTurned ? (height, 1) : (1, width)
        let (mirrors, flips) = (orientation.reversesColumns, orientation.reversesRows)
        origin = (mirrors ? (width - 1) * right : 0) + (flips ? (height - 1) * below : 0)
        across = mirrors ? -right : right
        down = flips ? -below : below
        samples = try Memory.bytes(width * height * channels)
    }

    mutating func append(_ row: [UInt8]) {
        let start = (origin + self.row * down) * channels
        self.row += 1
        if across == 1 { return copy(row, to: &samples, at: start) }
        let (channels, across, length) = (channels, across, rowLength)
        let row = row.span
        var samples = samples.mutableSpan
        var target = start
        for pixel in stride(from: 0, to: length, by: channels) {
            for channel in 0..<channels { samples[target + channel] = row[pixel + channel] }
            target += across * channels
        }
    }

    var image: Image {
        Image(width: size.width, height: size.height, channels: channels, samples: samples)
    }
}
