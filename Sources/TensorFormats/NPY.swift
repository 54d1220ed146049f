/// NumPy's array file format, versions 1 to 3.
public enum NPY {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Reads numbers of any common type and either order into row-major floats.
    ///
    /// Values are rounded to the nearest float; those that are not finite are kept as they are.
    public static func decode(
        _ bytes: RawSpan,
        limit: Int = .max
    ) throws(NPYError) -> TensorData {
        let (header, dataStart) = try NPYHeader.read(bytes)
        let type = try NPYType(header.descr)
        var count = 1
        for length in header.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard !overflow else { throw .tooManyValues(limit: limit) }
            count = product
        }
        // 8 bytes is the widest type: past this, the size could overflow.
        guard count <= min(limit, Int.max / 8) else { throw .tooManyValues(limit: limit) }
        let expected = count * type.size
        let got = bytes.byteCount - dataStart
        guard got >= expected else { throw .truncated(expected: expected, got: got) }
        guard got == expected else { throw .trailingBytes(got - expected) }
        let data = bytes.extracting(dataStart..<bytes.byteCount)
        let stored = try type.floats(data, count: count)
        let values =
            header.isFortranOrder ? rowMajor(stored, shape: header.shape) : stored
        return TensorData(shape: header.shape, values: values)
    }

    /// A version 1 file of little-endian 32-bit floats in row-major order.
    ///
    /// `values` holds as many as the product of `shape`, and there are few enough dimensions for a 64 KiB header.
    public static func encode(shape: [Int], values: Span<Float>) -> [UInt8] {
        precondition(shape.reduce(1, *) == values.count, "shape and values do not agree")
        let lengths = shape.map(String.init).joined(separator: ", ")
        let tuple = shape.count == 1 ? "(\(lengths),)" : "(\(lengths))"
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(tuple), }"
        // The data begins at a multiple of 64 bytes; a new line ends the header.
        let unpadded = magic.count + 4 + header.utf8.count + 1
        header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        let length = UInt16(header.utf8.count)
        var bytes = magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
        bytes.reserveCapacity(bytes.count + header.utf8.count + 4 * values.count)
        bytes.append(contentsOf: header.utf8)
        for index in values.indices {
            let bits = values[index].bitPattern
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift)))
            }
        }
        return bytes
    }

    /// Column-major values, the first dimension the fastest, in row-major order.
    private static func rowMajor(_ stored: [Float], shape: [Int]) -> [Float] {
        var strides: [Int] = []
        var stride = 1
        for length in shape {
            strides.append(stride)
            stride *= length
        }
        var indices = [Int](repeating: 0, count: shape.count)
        var source = 0
        return stored.indices.map { _ in
            let value = stored[source]
            for axis in shape.indices.reversed() {
                indices[axis] += 1
                source += strides[axis]
                if indices[axis] < shape[axis] { break }
                source -= strides[axis] * shape[axis]
                indices[axis] = 0
            }
            return value
        }
    }
}
