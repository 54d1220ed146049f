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
    /// Rows of a plane, if a chunk can compute a part of them; else 0.
    var rows = 0
    /// Into how many parts the rows are better cut, so that what all of a part's chunks read stays in the cache.
    var bands = 1

    var perImage: Int { (blocks + width - 1) / width }

    /// The chunk of whole planes and the band that a number stands for: band after band of each image.
    func chunk(_ number: Int, bands: Int) -> (chunk: Int, band: Int) {
        let (part, group) = (number / perImage, number % perImage)
        return (part / bands * perImage + group, part % bands)
    }

    /// The image and the blocks of a chunk.
    func planes(_ chunk: Int) -> (image: Int, blocks: Range<Int>) {
        let first = chunk % perImage * width
        return (chunk / perImage, first..<min(first + width, blocks))
    }
}
