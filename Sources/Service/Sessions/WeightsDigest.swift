import Graph
import Models

extension Model {
    /// SHA-256 of the model's weights, with their names and shapes: states of one digest go on with each other.
    func weightsDigest() throws(ServiceError) -> [UInt8] {
        var digests: [UInt8] = []
        for name in graph.constants.keys.sorted() {
            guard let constant = graph.constants[name] else { continue }
            do throws(ModelError) {
                digests += SHA256Digest.bytes(of: Array("\(name) \(constant.shape)".utf8))
                var digest = SHA256Stream()
                try constant.forEachPiece(of: 1 << 16) { digest.add($0.bytes) }
                digests += digest.finish()
            } catch {
                throw .model(error)
            }
        }
        return SHA256Digest.bytes(of: digests)
    }
}
