import Compute
import Graph
import Synchronization

/// Weights as kernels read them, with their bias.
struct PackedLayer: Sendable {
    let weights: PackedWeights
    let bias: PackedWeights
    /// Floats between the weights of two groups of a grouped convolution.
    var groupStride = 0
}

/// Packed weights that are no floats.
protocol PackedBytes: Sendable {
    var byteCount: Int { get }
}

/// Packed weights of one model, shared by all its plans.
package final class WeightStore: Sendable {
    private let layers = Mutex<[String: PackedLayer]>([:])
    private let deferred = Mutex<[String: DeferredLayer]>([:])
    private let integers = Mutex<[String: any PackedBytes]>([:])
    private let shared: WeightStore?
    private let own: Set<String>

    package init() {
        (shared, own) = (nil, [])
    }

    /// A store for what depends on the constants `own`; everything else is another's.
    init(sharing shared: WeightStore, except own: Set<String>) {
        (self.shared, self.own) = (shared, own)
    }

    /// Bytes of what is packed here, or will be, and not shared with another store.
    var ownBytes: Int {
        let packed = layers.withLock { layers in
            layers.values.reduce(0) { sum, layer in
                sum + (layer.weights.count + layer.bias.count) * MemoryLayout<Float>.stride
            }
        }
        let bytes = integers.withLock { $0.values.reduce(packed) { $0 + $1.byteCount } }
        return deferred.withLock { $0.values.reduce(bytes) { $0 + $1.byteCount } }
    }

    /// The weights of 8 bits under `key`, packed by the first who asks.
    ///
    /// - Throws: what `pack` throws.
    func integers<Packed: PackedBytes>(
        _ key: String,
        pack: () throws(ModelError) -> Packed
    ) throws(ModelError) -> Packed {
        if let shared, !own.contains(where: { key.contains($0) }) {
            return try shared.integers(key, pack: pack)
        }
        if let known = integers.withLock({ $0[key] as? Packed }) { return known }
        let made = try pack()
        return integers.withLock { store in
            if let known = store[key] as? Packed { return known }
            store[key] = made
            return made
        }
    }

    /// The weights under `key`, packed by the first who asks.
    ///
    /// A key says all that the packing depends on: constants, factors, and the order of the lanes.
    /// - Throws: what `pack` throws.
    func layer(
        _ key: String,
        pack: () throws(ModelError) -> PackedLayer
    ) throws(ModelError) -> PackedLayer {
        if let shared, !own.contains(where: { key.contains($0) }) {
            return try shared.layer(key, pack: pack)
        }
        if let known = layers.withLock({ $0[key] }) { return known }
        let made = try pack()
        return layers.withLock { store in
            if let known = store[key] { return known }
            store[key] = made
            return made
        }
    }

    /// The weights under `key`, which are packed by the first pass that needs them.
    func deferredLayer(
        _ key: String,
        byteCount: Int,
        pack: @escaping @Sendable () throws(ModelError) -> PackedLayer
    ) -> DeferredLayer {
        if let shared, !own.contains(where: { key.contains($0) }) {
            return shared.deferredLayer(key, byteCount: byteCount, pack: pack)
        }
        return deferred.withLock { store in
            if let known = store[key] { return known }
            let made = DeferredLayer(byteCount: byteCount, pack: pack)
            store[key] = made
            return made
        }
    }
}
