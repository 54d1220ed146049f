/// What happens to a picture whose proportions are not the wanted ones.
public enum FitMode: Sendable, Equatable {
    /// Each side is scaled on its own.
    case stretch
    /// The whole picture is kept, centred, between bars of this value in every channel.
    case pad(background: UInt8)
    /// The largest centred part of the right proportions is kept.
    case crop
}

extension Image {
    /// The picture at exactly this size; both sides are at least 1.
    ///
    /// Sizes and edges are those of Pillow's `ImageOps.pad` and `ImageOps.fit`.
    public func fitted(
        to width: Int,
        _ height: Int,
        mode: FitMode,
        filter: ResizeFilter
    ) -> Image {
        switch mode {
        case .stretch:
            resized(to: width, height, filter: filter)
        case .pad(let background):
            contained(in: width, height, filter: filter)
                .centred(in: width, height, background: background)
        case .crop:
            cropped(to: width, height, filter: filter)
        }
    }

    /// The largest picture of the same proportions that fits inside.
    private func contained(in width: Int, _ height: Int, filter: ResizeFilter) -> Image {
        var (newWidth, newHeight) = (width, height)
        let proportion = Double(self.width) / Double(self.height)
        if proportion > Double(width) / Double(height) {
            let exact = Double(self.height) / Double(self.width) * Double(width)
            newHeight = max(1, Int(exact.rounded(.toNearestOrEven)))
        } else {
            newWidth = max(1, Int((proportion * Double(height)).rounded(.toNearestOrEven)))
        }
        return resized(to: newWidth, newHeight, filter: filter)
    }

    private func centred(in newWidth: Int, _ newHeight: Int, background: UInt8) -> Image {
        if width == newWidth && height == newHeight { return self }
        let left = Int((Double(newWidth - width) * 0.5).rounded(.toNearestOrEven))
        let top = Int((Double(newHeight - height) * 0.5).rounded(.toNearestOrEven))
        var framed = [UInt8](repeating: background, count: newWidth * newHeight * channels)
        for row in 0..<height {
            let source = row * width * channels
            let target = ((top + row) * newWidth + left) * channels
            framed.replaceSubrange(
                target..<target + width * channels,
                with: samples[source..<source + width * channels]
            )
        }
        return Image(width: newWidth, height: newHeight, channels: channels, samples: framed)
    }

    private func cropped(to newWidth: Int, _ newHeight: Int, filter: ResizeFilter) -> Image {
        var (partWidth, partHeight) = (Double(width), Double(height))
        let wanted = Double(newWidth) / Double(newHeight)
        if partWidth / partHeight >= wanted {
            partWidth = min(partWidth, wanted * partHeight)
        } else {
            partHeight = min(partHeight, partWidth / wanted)
        }
        let left = (Double(width) - partWidth) * 0.5
        let top = (Double(height) - partHeight) * 0.5
        // Pillow passes the edges on in single precision; area weights change visibly at a tie.
        func edge(_ exact: Double) -> Double { Double(Float(exact)) }
        return resized(
            across: edge(left)...edge(left + partWidth),
            down: edge(top)...edge(top + partHeight),
            to: newWidth,
            newHeight,
            filter: filter
        )
    }
}
