import Compute
import Graph

/// Stretches of contiguous floats that together are a value: rows of an image, or pieces of all of it.
struct Runs: Sendable {
    /// Independent pieces, one chunk each.
    let chunks: Int
    private let runsPerChunk: Int
    /// Floats of a row, or of all pieces together.
    private let length: Int
    private let layout: Layout
    private let perImage: Int

    /// Blocked images are walked plane by plane.
    var planes: PlaneChunks? {
        guard layout == .blocked else { return nil }
        return PlaneChunks(images: chunks / perImage, blocks: perImage, rows: runsPerChunk)
    }

    init(_ value: PlannedValue) {
        layout = value.layout
        if value.layout == .blocked {
            perImage = blocks(of: value.shape[1])
            chunks = value.shape[0] * perImage
            runsPerChunk = value.image[2]
            length = value.image[3] * 16
        } else {
            (perImage, runsPerChunk, length) = (1, 1, value.storage)
            chunks = max(1, min(64, length / 32768))
        }
    }

    /// Calls `body` with the offset of each run of a chunk, in each of the places, and how long it is.
    @inline(__always)
    func forEach(
        in chunk: Int,
        of arena: PassArena,
        _ places: (Place, Place, Place),
        _ body: (_ offsets: (Int, Int, Int), _ count: Int) -> Void
    ) {
        guard layout == .blocked else {
            // Whole vectors, so that every element is computed alike however the pieces are cut.
            let start = length * chunk / chunks / 16 * 16
            let end = chunk + 1 == chunks ? length : length * (chunk + 1) / chunks / 16 * 16
            return body((start, start, start), end - start)
        }
        let (image, plane) = (chunk / perImage, chunk % perImage)
        for row in arena.rows ?? 0..<runsPerChunk {
            func offset(_ place: Place) -> Int {
                image * place.image + plane * place.plane + row * place.row
            }
            body((offset(places.0), offset(places.1), offset(places.2)), length)
        }
    }
}
