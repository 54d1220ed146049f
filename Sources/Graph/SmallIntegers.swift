/// Integers of four or two bits, the first in the lowest bits of its byte, as ONNX stores int4, uint4, int2 and uint2.
package struct SmallIntegers: Sendable, Equatable {
    /// What an integer's bits mean.
    package struct Form: Sendable, Equatable {
        /// 4 or 2.
        package let bits: Int
        package let isSigned: Bool

        package init(bits: Int, isSigned: Bool) {
            precondition([2, 4].contains(bits), "small integers have two bits or four")
            (self.bits, self.isSigned) = (bits, isSigned)
        }

        /// The form of an ONNX data type's number; nil for all other types.
        package init?(onnx number: Int) {
            switch number {
            case 21: self.init(bits: 4, isSigned: false)
            case 22: self.init(bits: 4, isSigned: true)
            case 25: self.init(bits: 2, isSigned: false)
            case 26: self.init(bits: 2, isSigned: true)
            default: return nil
            }
        }

        package func byteCount(of count: Int) -> Int { (count * bits + 7) / 8 }
    }

    package let form: Form
    package let count: Int
    private let bytes: [UInt8]

    /// Nil unless there are as many bytes as the integers fill.
    package init?(_ form: Form, count: Int, bytes: [UInt8]) {
        guard bytes.count == form.byteCount(of: count) else { return nil }
        (self.form, self.count, self.bytes) = (form, count, bytes)
    }

    package subscript(index: Int) -> Int {
        let perByte = 8 / form.bits
        let value =
            Int(bytes[index / perByte]) >> (index % perByte * form.bits) & (1 << form.bits - 1)
        return form.isSigned && value >> (form.bits - 1) == 1 ? value - 1 << form.bits : value
    }

    /// The type that holds them one by one.
    package var type: ElementType { form.isSigned ? .int8 : .uint8 }

    /// Each in a byte of its own.
    package var elements: Tensor.Elements {
        form.isSigned
            ? .int8((0..<count).map { Int8(self[$0]) })
            : .uint8((0..<count).map { UInt8(self[$0]) })
    }
}

extension Tensor {
    /// A tensor of small integers, which are widened to 8 bits for who reads them one by one.
    package init(shape: Shape, small: SmallIntegers) {
        precondition(small.count == shape.checkedCount, "elements do not fill their shape")
        self.shape = shape
        storage = .small(small)
    }

    /// The integers as they are stored, where they have fewer than 8 bits.
    package var small: SmallIntegers? {
        if case .small(let small) = storage { small } else { nil }
    }
}
