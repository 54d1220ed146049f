/// What happens to a picture whose proportions are not the wanted ones.
public enum FitMode: Sendable, Equatable {
    /// Each side is scaled on its own.
    case stretch
    /// The whole picture is kept, centred, between bars of this value in every channel.
    case pad(background: UInt8)
    /// The largest centred part of the right proportions is kept.
    case crop
    /// The picture is scaled until its shorter side has so many pixels, and the middle of the wanted size is cut out:
    /// torchvision's `Resize` and `CenterCrop`. No side that is wanted may be longer.
    case cut(shorterSide: Int)
}

/// Which part of a picture is scaled to what size, and what is put around it.
///
/// Sizes and edges are those of Pillow's `ImageOps.pad` and `ImageOps.fit`.
struct Placement {
    /// The part, with edges anywhere between pixels.
    private(set) var across: ClosedRange<Double>
    private(set) var down: ClosedRange<Double>
    /// What it becomes.
    private(set) var width: Int
    private(set) var height: Int
    /// The size of the whole and the value of what is not covered.
    private(set) var frame: (width: Int, height: Int, background: UInt8)?
    /// The size of the picture that the middle is cut out of.
    private var scaled: (width: Int, height: Int)?

    /// Fits a picture of some size into a target that is at least one pixel wide and high.
    init(of size: (width: Int, height: Int), into target: ImageTarget) {
        width = target.width ?? size.width
        height = target.height ?? size.height
        precondition(width > 0 && height > 0, "a picture has at least one pixel")
        across = 0...Double(size.width)
        down = 0...Double(size.height)
        if case .cut(let side) = target.mode {
            cut(size, side)
            return
        }
        if width == size.width && height == size.height { return }
        switch target.mode {
        case .stretch: break
        case .pad(let background):
            frame = (width, height, background)
            contain(size)
        case .crop: crop(size, isWhole: target.filter.isOpenCV)
        case .cut: break
        }
    }

    /// The axes for OpenCV's arithmetic, whose parts begin and end at whole pixels.
    func axes(of image: Image) -> (across: OpenCVAxis, down: OpenCVAxis) {
        func axis(
            _ part: ClosedRange<Double>,
            _ length: Int,
            _ outputs: Int,
            cutOutOf scaled: Int?
        ) -> OpenCVAxis {
            let scale = Double(length) / Double(scaled ?? length)
            let start = Int((part.lowerBound / scale).rounded())
            return OpenCVAxis(
                start: scaled == nil ? start : 0,
                length: scaled == nil ? Int(part.upperBound) - start : length,
                whole: scaled ?? outputs,
                first: scaled == nil ? 0 : start,
                outputs: outputs
            )
        }
        return (
            axis(across, image.width, width, cutOutOf: scaled?.width),
            axis(down, image.height, height, cutOutOf: scaled?.height)
        )
    }

    /// The largest picture of the same proportions that fits inside.
    private mutating func contain(_ size: (width: Int, height: Int)) {
        let proportion = Double(size.width) / Double(size.height)
        if proportion > Double(width) / Double(height) {
            let exact = Double(size.height) / Double(size.width) * Double(width)
            height = max(1, Int(exact.rounded(.toNearestOrEven)))
        } else {
            width = max(1, Int((proportion * Double(height)).rounded(.toNearestOrEven)))
        }
    }

    private mutating func cut(_ size: (width: Int, height: Int), _ side: Int) {
        precondition(
            width <= side && height <= side,
            "what is cut out is not larger than the picture"
        )
        let short = min(size.width, size.height)
        // The longer side is truncated, and the corner rounded to even numbers, as there.
        func scaled(_ length: Int) -> Int {
            length == short ? side : Int(Double(side) * Double(length) / Double(short))
        }
        func edges(_ length: Int, _ wanted: Int) -> ClosedRange<Double> {
            let scaled = scaled(length)
            let first = (Double(scaled - wanted) / 2).rounded(.toNearestOrEven)
            let step = Double(length) / Double(scaled)
            return first * step...(first + Double(wanted)) * step
        }
        across = edges(size.width, width)
        down = edges(size.height, height)
        self.scaled = (scaled(size.width), scaled(size.height))
    }

    private mutating func crop(_ size: (width: Int, height: Int), isWhole: Bool) {
        var (partWidth, partHeight) = (Double(size.width), Double(size.height))
        let wanted = Double(width) / Double(height)
        if partWidth / partHeight >= wanted {
            partWidth = min(partWidth, wanted * partHeight)
        } else {
            partHeight = min(partHeight, partWidth / wanted)
        }
        if isWhole {
            (partWidth, partHeight) = (max(1, partWidth.rounded()), max(1, partHeight.rounded()))
        }
        let left = (Double(size.width) - partWidth) * 0.5
        let top = (Double(size.height) - partHeight) * 0.5
        // Pillow passes the edges on in single precision; area weights change visibly at a tie.
        func edge(_ exact: Double) -> Double {
            isWhole ? exact.rounded(.down) : Double(Float(exact))
        }
        across = edge(left)...edge(left + partWidth)
        down = edge(top)...edge(top + partHeight)
    }
}

extension Image {
    /// The picture in the middle of the placement's frame.
    func framed(by placement: Placement) throws(ImageError) -> Image {
        guard let frame = placement.frame, width != frame.width || height != frame.height else {
            return self
        }
        let left = Int((Double(frame.width - width) * 0.5).rounded(.toNearestOrEven))
        let top = Int((Double(frame.height - height) * 0.5).rounded(.toNearestOrEven))
        var framed = try Memory.array(
            repeating: frame.background,
            count: frame.width * frame.height * channels
        )
        for row in 0..<height {
            let source = row * width * channels
            let target = ((top + row) * frame.width + left) * channels
            framed.replaceSubrange(
                target..<target + width * channels,
                with: samples[source..<source + width * channels]
            )
        }
        return Image(
            width: frame.width,
            height: frame.height,
            channels: channels,
            samples: framed
        )
    }
}
