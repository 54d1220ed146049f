import KernelInterface

/// A planar or blocked image in memory; strides in floats.
public struct ImageStrides: Sendable {
    public var plane: Int
    public var row: Int

    public init(plane: Int, row: Int) {
        self.plane = plane
        self.row = row
    }
}

extension KernelSet {
    public func block(
        fromPlanar planar: FloatPosition,
        _ planarStrides: ImageStrides,
        channels: Int,
        height: Int,
        width: Int,
        into blocked: FloatPosition,
        _ blockedStrides: ImageStrides,
        blocks: Range<Int>
    ) {
        unsafe table.blockFromPlanar(
            planar.pointer,
            planarStrides.plane,
            planarStrides.row,
            channels,
            height,
            width,
            blocked.pointer,
            blockedStrides.plane,
            blockedStrides.row,
            blocks.lowerBound,
            blocks.upperBound
        )
    }

    public func planar(
        fromBlocked blocked: FloatPosition,
        _ blockedStrides: ImageStrides,
        channels: Int,
        height: Int,
        width: Int,
        into planar: FloatPosition,
        _ planarStrides: ImageStrides,
        blocks: Range<Int>
    ) {
        unsafe table.planarFromBlock(
            blocked.pointer,
            blockedStrides.plane,
            blockedStrides.row,
            channels,
            height,
            width,
            planar.pointer,
            planarStrides.plane,
            planarStrides.row,
            blocks.lowerBound,
            blocks.upperBound
        )
    }

    public func points(
        fromRows matrix: FloatPosition,
        points: Int,
        channels: Int,
        into blocked: FloatPosition,
        plane: Int
    ) {
        unsafe table.blockFromPoints(matrix.pointer, points, channels, blocked.pointer, plane)
    }

    public func rows(
        fromPoints blocked: FloatPosition,
        plane: Int,
        points: Int,
        channels: Int,
        into matrix: FloatPosition
    ) {
        unsafe table.pointsFromBlock(blocked.pointer, plane, points, channels, matrix.pointer)
    }
}

extension KernelSet {
    /// Independent register-only multiply–adds, `iterations` rounds of them; returns how many numbers were
    /// multiplied and added.
    public func peak(_ iterations: Int, sink: FloatPosition) -> Int {
        unsafe table.peak(iterations, sink.pointer)
    }
}
