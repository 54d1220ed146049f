import Compute

/// Stretches of contiguous floats that together are a value: rows of an image, or all of it.
struct Runs: Sendable {
    /// Independent pieces, one chunk each.
    let chunks: Int
    private let runsPerChunk: Int
    let length: Int
    private let layout: Layout
    private let perImage: Int

    /// Blocked images are walked plane by plane.
    var planes: PlaneChunks? {
        layout == .blocked ? PlaneChunks(images: chunks / perImage, blocks: perImage) : nil
    }

    init(_ value: PlannedValue) {
        layout = value.layout
        if value.layout == .blocked {
            perImage = blocks(of: value.shape[1])
            chunks = value.shape[0] * perImage
            runsPerChunk = value.image[2]
            length = value.image[3] * 16
        } else {
            (perImage, chunks, runsPerChunk, length) = (1, 1, 1, value.storage)
        }
    }

    /// Calls `body` with the offset of each run of a chunk, in each of the places.
    @inline(__always)
    func forEach(
        in chunk: Int,
        _ places: (Place, Place, Place),
        _ body: (_ offsets: (Int, Int, Int)) -> Void
    ) {
        let (image, plane) = (chunk / perImage, chunk % perImage)
        for row in 0..<runsPerChunk {
            func offset(_ place: Place) -> Int {
                layout == .blocked
                    ? image * place.image + plane * place.plane + row * place.row : 0
            }
            body((offset(places.0), offset(places.1), offset(places.2)))
        }
    }
}
