import Models
import Synchronization

/// What is made of a model once, and kept as long as the model lives.
final class ModelMemory<Value: Sendable>: Sendable {
    private struct Entry {
        weak var model: Model?
        let value: Value
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    /// The value that was made before; nil if none was.
    func known(of model: Model) -> Value? {
        let kept = entries.withLock { $0[ObjectIdentifier(model)] }
        return kept?.model === model ? kept?.value : nil
    }

    /// The value kept for this model if it `isFit`, else what `make` makes.
    func value(
        of model: Model,
        isFit: (Value) -> Bool,
        make: () throws(ServiceError) -> Value
    ) throws(ServiceError) -> Value {
        let identifier = ObjectIdentifier(model)
        let kept = entries.withLock { $0[identifier] }
        if let kept, kept.model === model, isFit(kept.value) { return kept.value }
        let value = try make()
        entries.withLock { entries in
            // A new model may lie where one that is gone lay.
            entries = entries.filter { $0.value.model != nil }
            entries[identifier] = Entry(model: model, value: value)
        }
        return value
    }
}
