import Synchronization

/// The certificates in use, which can be replaced while connections go on with the old ones.
final class TLSStore: Sendable {
    private let current: Mutex<TLSContext>

    init(_ configuration: TLSConfiguration) throws(HTTPError) {
        current = Mutex(try TLSContext(configuration, replacing: nil))
    }

    var context: TLSContext { current.withLock(\.self) }

    /// Reads the files again; if one is unusable, throws and keeps what was in use.
    func reload(_ configuration: TLSConfiguration) throws(HTTPError) {
        let renewed = try TLSContext(configuration, replacing: context)
        current.withLock { $0 = renewed }
    }
}
