import Graph

extension Double {
    /// Rounded to the nearest, ties to even, moved by a zero point and held inside a type's range.
    func quantised(_ type: ElementType, _ zeroPoint: Int) -> Int {
        let range = type.integerRange
        let value = rounded(.toNearestOrEven) + Double(zeroPoint)
        guard !value.isNaN else { return zeroPoint }
        return Swift.min(Swift.max(Int(saturating: value), range.lowerBound), range.upperBound)
    }
}

extension Operands {
    /// Small integers minus their zero point: one for all, or one per slice along `axis`.
    func centred(_ index: Int, zeroPoint: Int, axis: Int?) throws(ModelError) -> [Double] {
        let tensor = try self(index)
        guard tensor.type.isInteger, let values = tensor.elements.doubles else {
            throw unfit(tensor.type)
        }
        guard let zeros = optional(zeroPoint)?.elements.doubles, !zeros.isEmpty else {
            return values
        }
        if zeros.count == 1 { return values.map { $0 - zeros[0] } }
        let shape = tensor.shape.dimensions
        guard let axis, shape.indices.contains(axis), shape[axis] == zeros.count else {
            throw fail("the zero points of input \(index) do not fit \(tensor.shape)")
        }
        let inner = shape[(axis + 1)...].reduce(1, *)
        return values.indices.map { values[$0] - zeros[$0 / inner % shape[axis]] }
    }
}
