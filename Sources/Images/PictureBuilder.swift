/// Makes the wanted picture of another's rows, which come from the top, as they are stored.
///
/// The other is never there as a whole: where the wanted picture is small, so is all that is kept.
struct PictureBuilder {
    private let channels: (given: Int, wanted: Int)
    private let placement: Placement
    private var scaler: RowScaler
    /// The same of the negative: only the last row tells which of the two is wanted.
    private var negative: RowScaler?
    private var border: BorderSum?
    /// The filter, where the rows are only put together and OpenCV's arithmetic scales the whole.
    private let afterwards: ResizeFilter?
    /// A row in the wanted colours, and its negative.
    private var coloured: [UInt8] = []
    private var inverted: [UInt8] = []

    init(
        width: Int,
        height: Int,
        channels: Int,
        orientation: Orientation,
        target: ImageTarget
    ) throws(ImageError) {
        self.channels = (channels, target.channels ?? channels)
        let size = orientation.isTurned ? (height, width) : (width, height)
        placement = Placement(of: size, into: target)
        afterwards = target.filter.isOpenCV ? target.filter : nil
        scaler = try RowScaler(
            of: (width, height, self.channels.wanted),
            orientation,
            afterwards == nil ? placement : Placement(of: size, into: ImageTarget()),
            target.filter
        )
        if channels != self.channels.wanted {
            coloured = try Memory.bytes(width * self.channels.wanted)
        }
        guard target.isDark else { return }
        border = BorderSum(width: width, height: height, channels: self.channels.wanted)
        // Resizing rounds, so that the negative of the resized is not quite the resized negative.
        if !scaler.isExact {
            negative = scaler
            inverted = try Memory.bytes(width * self.channels.wanted)
        }
    }

    var place: PicturePlace { PicturePlace(placement) }

    mutating func take(_ row: [UInt8]) {
        if channels.given == channels.wanted { return scale(row) }
        if channels.wanted == 1 {
            makeGrey(row, into: &coloured)
        } else {
            triple(row, into: &coloured)
        }
        let coloured = self.coloured
        scale(coloured)
    }

    private mutating func scale(_ row: [UInt8]) {
        scaler.take(row)
        guard border != nil else { return }
        border?.take(row)
        guard negative != nil else { return }
        for index in row.indices { inverted[index] = 255 - row[index] }
        negative?.take(inverted)
    }

    /// The picture, after the last row; `isCancelled` is asked while OpenCV's arithmetic works on the whole.
    consuming func finish(isCancelled: () -> Bool = { false }) throws(ImageError) -> Image {
        let isInverted = (border?.mean ?? 0) > 127.5
        var image =
            switch (isInverted, negative) {
            case (false, _): scaler.finish()
            case (true, let negative?): negative.finish()
            case (true, nil): scaler.finish().inverted()
            }
        if let afterwards {
            let (across, down) = placement.axes(of: image)
            image = try withoutActuallyEscaping(isCancelled) { (isCancelled) throws(ImageError) in
                try OpenCVResizing(
                    across: across,
                    down: down,
                    filter: afterwards,
                    isCancelled: isCancelled
                ).scale(image)
            }
        }
        return try image.framed(by: placement)
    }
}

extension Image {
    /// The picture as another is wanted.
    public func made(as target: ImageTarget) throws(ImageError) -> Image {
        let isWanted =
            (target.width ?? width, target.height ?? height, target.channels ?? channels)
            == (width, height, channels)
        if isWanted && !target.isDark { return self }
        var builder = try PictureBuilder(
            width: width,
            height: height,
            channels: channels,
            orientation: .upright,
            target: target
        )
        let length = width * channels
        var row = try Memory.bytes(length)
        for start in stride(from: 0, to: samples.count, by: length) {
            row.replaceSubrange(0..<length, with: samples[start..<start + length])
            builder.take(row)
        }
        return try builder.finish()
    }

    /// The picture at another size; both sides are at least 1.
    public func resized(
        to width: Int,
        _ height: Int,
        filter: ResizeFilter
    ) throws(ImageError) -> Image {
        try fitted(to: width, height, mode: .stretch, filter: filter)
    }

    /// The picture at exactly this size; both sides are at least 1.
    public func fitted(
        to width: Int,
        _ height: Int,
        mode: FitMode,
        filter: ResizeFilter
    ) throws(ImageError) -> Image {
        var target = ImageTarget(width: width, height: height)
        target.mode = mode
        target.filter = filter
        return try made(as: target)
    }
}
