/// Where a picture came to lie when it was fitted into a wanted size.
public struct PicturePlace: Sendable, Equatable {
    /// Of the wanted picture: the left and top edge of what the picture became.
    private var corner: SIMD2<Double> = .zero
    /// Of the picture: the left and top edge of the part that was kept.
    private var origin: SIMD2<Double> = .zero
    /// The picture's pixels for one of the wanted picture's, across and down.
    private var scale: SIMD2<Double> = .one

    /// Of a picture that was left as it is.
    public init() {}

    init(_ placement: Placement) {
        let size = SIMD2(Double(placement.width), Double(placement.height))
        origin = SIMD2(placement.across.lowerBound, placement.down.lowerBound)
        let end = SIMD2(placement.across.upperBound, placement.down.upperBound)
        scale = (end - origin) / size
        guard let frame = placement.frame else { return }
        let bars = SIMD2(Double(frame.width), Double(frame.height)) - size
        corner = (bars * 0.5).rounded(.toNearestOrEven)
    }

    /// The point of the picture that a point of the wanted picture was.
    public func source(x: Float, y: Float) -> (x: Float, y: Float) {
        let point = (SIMD2(Double(x), Double(y)) - corner) * scale + origin
        return (Float(point.x), Float(point.y))
    }

    /// The point of the wanted picture that a point of the picture became.
    public func target(x: Float, y: Float) -> (x: Float, y: Float) {
        let point = (SIMD2(Double(x), Double(y)) - origin) / scale + corner
        return (Float(point.x), Float(point.y))
    }
}
