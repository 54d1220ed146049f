import Compute
package import Graph

/// A value of a plan under construction.
package struct ValueID: Hashable, Sendable {
    let index: Int
}

/// How a value's elements lie in memory.
package enum Layout: Hashable, Sendable {
    /// Row-major, as ONNX counts; images and series may have a halo.
    case dense
    /// [N][C/16][rows][columns][16]; images, and series as images of one row; may have a halo.
    case blocked
    /// A matrix [points][channels], channels the last dimension, as [channels/16][points][16].
    case points
    /// Images [N][rows][columns][C], and series as images of one row; int8 as in `shifted`.
    case last
    /// Row-major, where int8 is 128 higher: kernels know unsigned bytes alone.
    case shifted
}

/// Rows and columns around an image that read as zero padding.
package struct Halo: Hashable, Sendable {
    var top = 0
    var left = 0
    var bottom = 0
    var right = 0

    package static let none = Halo()

    mutating func formUnion(_ other: Halo) {
        top = max(top, other.top)
        left = max(left, other.left)
        bottom = max(bottom, other.bottom)
        right = max(right, other.right)
    }
}

package struct PlannedValue {
    enum Memory {
        case arena
        /// A part of the arena for each worker.
        case worker
        /// Lies in another value's memory, element for element.
        case alias(ValueID)
        case constant(FloatStorage)
    }

    package let name: String
    package let shape: Shape
    let layout: Layout
    package var type = ElementType.float32
    var halo = Halo.none
    var memory = Memory.arena

    /// [N, C, H, W]; a series [N, C, L] is an image of one row.
    var image: Shape { shape.rank == 3 ? [shape[0], shape[1], 1, shape[2]] : shape }

    /// Rows of the matrix that `points` means: everything but the last dimension.
    var points: Int { shape.dimensions.dropLast().reduce(1, *) }

    /// Places of four bytes that the value occupies, halo included; no more than `mostStorage`.
    var storage: Int {
        guard type == .float32 else {
            return (Self.product([shape.count, type.byteCount ?? 8]) + 3) / 4
        }
        return switch layout {
        case .points:
            Self.product([blocks(of: shape.dimensions.last ?? 1), pointsPlane])
        case .blocked:
            Self.product([shape[0], blocks(of: shape[1]), paddedPlane, 16])
        case .dense:
            image.rank == 4
                ? Self.product([shape[0], shape[1], paddedPlane]) : shape.count
        case .last, .shifted: shape.count
        }
    }

    /// More than any machine has: what pads of any size come to, and sums of thousands of them, stay numbers.
    private static let mostStorage = 1 << 46

    private static func product(_ sizes: [Int]) -> Int {
        sizes.reduce(1) { product, size in
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            return overflow ? mostStorage : min(next, mostStorage)
        }
    }

    /// Floats of one block's plane in the blocked layout, halo included.
    var planeStorage: Int { Self.product([paddedPlane, 16]) }

    /// Floats between blocks of channels of points.
    ///
    /// Planes at multiples of 4 KiB would all fall into the same few lines of a first-level cache.
    private var pointsPlane: Int {
        let plane = points * 16
        return plane % 1024 == 0 ? plane + 112 : plane
    }

    private var paddedPlane: Int {
        Self.product([image[2] + halo.top + halo.bottom, image[3] + halo.left + halo.right])
    }

    /// Strides and first element relative to the start of the value's memory.
    func place(in storage: FloatStorage?, at start: Int) -> Place {
        let lanes = layout == .blocked ? 16 : 1
        switch layout {
        case .points:
            return Place(storage: storage, offset: start, row: 16, plane: pointsPlane, image: 0)
        case .dense where image.rank != 4, .last, .shifted:
            return Place(storage: storage, offset: start, row: 0, plane: 0, image: 0)
        case .dense, .blocked:
            let row = (image[3] + halo.left + halo.right) * lanes
            // A plan whose sizes overflow here is refused by its memory.
            let plane = (image[2] + halo.top + halo.bottom) &* row
            let planes = layout == .blocked ? blocks(of: shape[1]) : shape[1]
            return Place(
                storage: storage,
                offset: start &+ halo.top &* row &+ halo.left &* lanes,
                row: row,
                plane: plane,
                image: planes &* plane
            )
        }
    }
}

/// Where a value lies once the arena is laid out; strides in floats.
struct Place: Sendable {
    /// The constant's own memory, or nil for the arena.
    let storage: FloatStorage?
    /// Element (0, …, 0), halo skipped.
    let offset: Int
    let row: Int
    /// Between channels (dense) or blocks (blocked, points).
    let plane: Int
    let image: Int
    /// Between the workers' own copies; 0 for a value that all share.
    ///
    /// A worker's copy holds one chunk's planes: positions count from the image and block the arena has at hand.
    var worker = 0
    /// Which of the notes at the arena's start says where it lies, for what stays in a caller's memory.
    var slot: Int?

    @inline(__always)
    func position(in arena: PassArena) -> FloatPosition {
        if let slot { return arena.start.bytes[noted: slot].floats }
        let first = (storage?.start ?? arena.start) + offset
        guard worker != 0 else { return first }
        return first + (arena.worker * worker - arena.image * image - arena.block * plane)
    }

    var strides: ImageStrides { ImageStrides(plane: plane, row: row) }
}
