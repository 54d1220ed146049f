import Files
import Graph
import OnnxFormat

/// Reads TensorProto: raw, typed or external data.
///
/// Every way a tensor can contradict itself is an error, found before memory is taken.
struct OnnxTensors {
    /// The model's own file, where large tensors may have stayed; nil if it came out of memory.
    package let file: WeightFile?
    /// Where external data lies; nil refuses it.
    package let files: ModelFiles?
    private var externalFiles: [String: WeightFile] = [:]

    init(file: WeightFile?, files: ModelFiles?) {
        self.file = file
        self.files = files
    }

    /// Counts memory for what the file says once and the graph has often.
    ///
    /// - Throws: `file` where it is more than a load may take, `cancelled` where nobody waits any longer.
    func take(_ bytes: Int) throws(ModelError) {
        guard let files else { return }
        guard !files.isLeft() else { throw .cancelled }
        try files.take(bytes, for: file?.name ?? "the model")
    }

    package mutating func tensor(_ proto: OnnxTensorProto) throws(ModelError) -> Tensor {
        let name = proto.name
        func fail(_ reason: String) -> ModelError { .invalidWeights("\"\(name)\" \(reason)") }
        let small = SmallIntegers.Form(onnx: Int(proto.dataType))
        guard let type = small.map({ _ in .uint8 }) ?? ElementType(onnx: Int(proto.dataType)) else {
            throw fail("is of data type \(proto.dataType), which is not supported")
        }
        guard !proto.hasSegment else { throw fail("is a segment, which is not supported") }
        let shape = Shape(proto.dims.map { Int($0) })
        guard let count = shape.checkedCount, count <= 1 << 40,
            shape.dimensions.allSatisfy({ $0 <= 1 << 31 })
        else {
            throw fail("has the shape \(shape)")
        }
        if let small {
            // Read as bytes, several integers in each.
            var bytes = proto
            bytes.dataType = Int32(ElementType.uint8.onnx)
            bytes.dims = [Int64(small.byteCount(of: count))]
            guard case .uint8(let packed) = try tensor(bytes).elements,
                let integers = SmallIntegers(small, count: count, bytes: packed)
            else { throw fail("has no integers of \(small.bits) bits") }
            return Tensor(shape: shape, small: integers)
        }
        let elements: Tensor.Elements
        if proto.dataLocation == .external {
            return try external(proto, type, shape)
        } else if let (file, place) = leftPlace(proto), place.field == 9 || type == .float32 {
            guard let width = type.byteCount, place.range.count == count * width else {
                throw fail("has \(place.range.count) bytes for \(shape) of \(type.rawValue)")
            }
            return try file.tensor(shape, type, at: place.range, counting: files)
        } else if proto.hasRawData {
            guard let width = type.byteCount else { throw fail("holds texts as raw data") }
            guard proto.rawData.count == count * width else {
                throw fail("has \(proto.rawData.count) bytes for \(shape) of \(type.rawValue)")
            }
            elements = Tensor.Elements(bytes: proto.rawData, as: type)
        } else {
            elements = typed(proto, type)
        }
        guard elements.count == count else {
            throw fail("has \(elements.count) elements for the shape \(shape)")
        }
        return Tensor(shape: shape, elements: elements)
    }

    /// The field that ONNX has for a type; 16 bits and less are widened to 32.
    private func typed(_ proto: OnnxTensorProto, _ type: ElementType) -> Tensor.Elements {
        let small = proto.int32Data
        switch type {
        case .float32: return .floats(proto.floatData)
        case .float64: return .doubles(proto.doubleData)
        case .int64: return .integers(proto.int64Data.map { Int($0) })
        case .uint64: return .uint64(proto.uint64Data)
        case .uint32: return .uint32(proto.uint64Data.map { UInt32(truncatingIfNeeded: $0) })
        case .string: return .strings(proto.stringData.map { Array($0) })
        case .int32: return .int32(small)
        case .int16: return .int16(small.map { Int16(truncatingIfNeeded: $0) })
        case .int8: return .int8(small.map { Int8(truncatingIfNeeded: $0) })
        case .uint16: return .uint16(small.map { UInt16(truncatingIfNeeded: $0) })
        case .uint8: return .uint8(small.map { UInt8(truncatingIfNeeded: $0) })
        case .bool: return .booleans(small.map { $0 != 0 })
        case .float16:
            return .halves(small.map { Float16(bitPattern: UInt16(truncatingIfNeeded: $0)) })
        case .bfloat16:
            return .bfloats(small.map { BFloat16(bitPattern: UInt16(truncatingIfNeeded: $0)) })
        }
    }

    /// Where the tensor's own data stayed in the model's file.
    private func leftPlace(
        _ proto: OnnxTensorProto
    ) -> (file: WeightFile, place: (field: Int, range: Range<Int>))? {
        guard let file, !proto.externalData.isEmpty,
            let entry = proto.externalData.last(where: { $0.key == OnnxOutline.key }),
            let place = OnnxOutline.place(entry.value, fileSize: file.size)
        else { return nil }
        return (file, place)
    }

    private mutating func external(
        _ proto: OnnxTensorProto,
        _ type: ElementType,
        _ shape: Shape
    ) throws(ModelError) -> Tensor {
        let (name, count) = (proto.name, shape.count)
        func fail(_ reason: String) -> ModelError { .invalidWeights("\"\(name)\" \(reason)") }
        let fields = Dictionary(
            proto.externalData.map { ($0.key, $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
        guard let width = type.byteCount, let location = fields["location"] else {
            throw fail("does not say where its data lies")
        }
        guard let files else { throw fail("has its data in another file, and there is none here") }
        guard let start = UInt64(fields["offset"] ?? "0"), count <= 1 << 36 else {
            throw fail("does not say where its data begins")
        }
        let length = count * width
        if let text = fields["length"], text != "\(length)" {
            throw fail("has \(text) bytes for \(count) elements of \(type.rawValue)")
        }
        let offset = Int(clamping: start)
        let file = try externalFile(location, of: name, files)
        guard offset <= file.size, length <= file.size - offset else {
            throw fail(
                "has \(length) bytes from \(offset) on in the file \(location), which has only "
                    + "\(file.size): it is cut off, or another model's"
            )
        }
        return try file.tensor(shape, type, at: offset..<offset + length, counting: files)
    }

    /// An external file, opened once.
    private mutating func externalFile(
        _ location: String,
        of tensor: String,
        _ files: ModelFiles
    ) throws(ModelError) -> WeightFile {
        if let known = externalFiles[location] { return known }
        do throws(ModelError) {
            let file = WeightFile(try files.weights(location))
            externalFiles[location] = file
            return file
        } catch {
            guard case .file(let name, let reason) = error else { throw error }
            let what = "\(reason), and \"\(tensor)\" has its data there"
            throw .file(name: name, reason: what)
        }
    }
}
