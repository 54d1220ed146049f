/// An input [N, C, H, W], or a series [N, C, L] as an image of one row.
package struct ImageShape {
    package let count: Int
    package let channels: Int
    package let height: Int
    package let width: Int
    /// Whether the value is a series: then its results are series too.
    package let isSeries: Bool

    /// The shape of a result with so many channels, rows and columns.
    package func result(channels: Int, height: Int, width: Int) -> Shape {
        isSeries ? [count, channels, width] : [count, channels, height, width]
    }
}

extension Node {
    /// The dimensions of an image or series, or an error that says what came.
    ///
    /// `axisCount` is the number of spatial axes the node's attributes speak of, nil if they speak of none.
    package func imageShape(_ shape: Shape, axisCount: Int? = nil) throws(ModelError) -> ImageShape
    {
        let fits = axisCount.map { shape.rank == $0 + 2 } ?? (3...4).contains(shape.rank)
        guard fits else {
            let expected =
                switch axisCount {
                case 1: "[N, C, L], as its kernel has one axis"
                case 2: "[N, C, H, W], as its kernel has two axes"
                default: "[N, C, L] or [N, C, H, W]"
                }
            throw .shape(
                node: name,
                reason: "\(op) needs an input \(expected), but its input has shape \(shape)"
            )
        }
        let isSeries = shape.rank == 3
        return ImageShape(
            count: shape[0],
            channels: shape[1],
            height: isSeries ? 1 : shape[2],
            width: isSeries ? shape[2] : shape[3],
            isSeries: isSeries
        )
    }
}
