import TensorFormats

extension JSON {
    /// The text; refuses numbers that are not finite, naming `output` and the first index.
    func text(of output: String) throws(ServiceError) -> [UInt8] {
        if let index = firstNonFinite { throw .nonFiniteResult(output: output, index: index) }
        return text
    }
}
