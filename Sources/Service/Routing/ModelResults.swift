import Models
import TensorFormats

extension JSON {
    /// A model's answer: what it says of one input beside its name, of several in a list of `results`.
    static func answer(of model: Model, _ results: [[(String, JSON)]]) -> JSON {
        let names: [(String, JSON)] = [
            ("model", .string(model.name)), ("version", .string(model.version)),
        ]
        if let only = results.first, results.count == 1 { return .object(names + only) }
        return .object(names + [("results", .array(results.map { .object($0) }))])
    }
}

extension Manifest {
    /// A class as people call it; its number where it has no label.
    func label(of index: Int) -> String {
        index < labels.count ? labels[index] : String(index)
    }
}
