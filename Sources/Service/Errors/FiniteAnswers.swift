import TensorFormats

extension JSON {
    /// The text; refuses numbers that are not finite, naming `output` and the first index.
    func text(of output: String) throws(ServiceError) -> [UInt8] {
        if let index = firstNonFinite { throw .nonFiniteResult(output: output, index: index) }
        return text
    }
}

extension [Float] {
    /// The first number that JSON and pictures cannot show.
    var firstNonFinite: Int? {
        let block = 4096
        var start = 0
        while start + block <= count, isFinite(from: start, block) { start += block }
        return self[start...].firstIndex { !$0.isFinite }
    }

    /// Whether so many numbers, a multiple of 16, are finite: what is not makes no 0 when multiplied by 0.
    private func isFinite(from start: Int, _ count: Int) -> Bool {
        // SAFETY: the caller has seen that so many are there.
        unsafe span.withUnsafeBytes { bytes in
            var sum = SIMD16<Float>()
            for index in stride(from: start, to: start + count, by: 16) {
                sum += unsafe bytes.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16.self) * 0
            }
            return sum.sum() == 0
        }
    }
}
