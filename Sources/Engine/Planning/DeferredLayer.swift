import Compute
import Graph
import Synchronization

/// Weights that are packed when a pass first needs them: they are much larger than what they are made from.
///
/// Plans of other shapes share them.
final class DeferredLayer: Sendable {
    /// Bytes that the packed weights take.
    let byteCount: Int
    private let made = AtomicLazyReference<Made>()
    private let pack: @Sendable () throws(ModelError) -> PackedLayer

    /// The reference that a lazy one needs.
    private final class Made: Sendable {
        let layer: PackedLayer

        init(_ layer: PackedLayer) { self.layer = layer }
    }

    init(byteCount: Int, pack: @escaping @Sendable () throws(ModelError) -> PackedLayer) {
        self.byteCount = byteCount
        self.pack = pack
    }

    /// Packs them, unless that was done.
    ///
    /// Nobody waits for another who packs, as packing may have to wait for its turn: of several the first one counts.
    /// - Throws: what cannot be read.
    func prepare() throws(ModelError) {
        guard made.load() == nil else { return }
        _ = made.storeIfNil(Made(try pack()))
    }

    /// What `prepare` packed.
    var layer: PackedLayer {
        guard let made = made.load() else { preconditionFailure("weights were not prepared") }
        return made.layer
    }
}
