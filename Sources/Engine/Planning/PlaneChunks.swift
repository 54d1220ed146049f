/// How the chunks of a step walk over planes: image after image, `width` blocks of channels at a time.
///
/// Steps that walk alike may be run one after the other for each chunk, so that what one writes is still in
/// the cache when the next reads it.
struct PlaneChunks: Hashable, Sendable {
    let images: Int
    let blocks: Int
    var width = 1
    /// Whether a chunk reads other planes than those it writes.
    var readsAcross = false

    var perImage: Int { (blocks + width - 1) / width }

    /// The image and the blocks of a chunk.
    func planes(_ chunk: Int) -> (image: Int, blocks: Range<Int>) {
        let first = chunk % perImage * width
        return (chunk / perImage, first..<min(first + width, blocks))
    }
}
