import Engine
import Graph

/// Sizes a layer states that its weights must confirm.
struct LayerSizes {
    var outputs: (field: String, count: Int)?
    var kernel: [Int]?
    /// The first of the weights' dimensions that are the kernel's.
    var kernelAxis = 2
    /// A Jordan layer's outputs, the rows of its V.
    var units: Int?

    func checkUnits(_ shape: Shape, layer: String) throws(ModelError) {
        guard let units, shape.dimensions.first != units else { return }
        throw .invalidManifest(
            field: "layer \"\(layer)\", units",
            expected: "\(shape.dimensions.first ?? 0), as the weights have",
            got: "\(units)"
        )
    }

    func check(_ shape: Shape, layer: String) throws(ModelError) {
        if let outputs, shape.dimensions.first != outputs.count {
            throw .invalidManifest(
                field: "layer \"\(layer)\", \(outputs.field)",
                expected: "\(shape.dimensions.first ?? 0), as the weights have",
                got: "\(outputs.count)"
            )
        }
        guard let kernel else { return }
        let found = Array(shape.dimensions.dropFirst(kernelAxis).prefix(kernel.count))
        if found != kernel {
            throw .invalidManifest(
                field: "layer \"\(layer)\", kernel",
                expected: "\(found), as the weights have",
                got: "\(kernel)"
            )
        }
    }
}

/// Turns a layer's fields into ONNX attributes.
struct LayerFields {
    let layer: String
    let op: String
    /// Spatial axes of the model's input: 1 for a series, 2 for a picture.
    let axes: Int

    /// Of a padding, as of every other size of a layer.
    private static let largest = 1 << 24
    /// Of attributes nobody here knows.
    private static let largestInteger = 1 << 31

    /// Reads every field; what is not a short form becomes an attribute of the same name.
    func read(
        _ object: inout JSONFields,
        sizes: inout LayerSizes
    ) throws(ModelError) -> [String: Attribute] {
        var attributes: [String: Attribute] = [:]
        let kernel = try object.ints("kernel", count: axes, minimum: 1)
        if let kernel {
            attributes["kernel_shape"] = .ints(kernel)
            if Operators.has(.kernels, op) { sizes.kernel = kernel }
        }
        if op == "LocallyConnected" { sizes.kernelAxis = 4 }
        if op == "TiledConv", let tile = try object.tile() { attributes["tile"] = .ints(tile) }
        if let channels = try object.int("channels") { sizes.outputs = ("channels", channels) }
        if op == "Conv", let sets = try object.connections() {
            attributes["connections"] = .ints(Array(sets.joined()))
            attributes["connection_counts"] = .ints(sets.map(\.count))
            if let channels = sizes.outputs?.count, channels != sets.count {
                let lists = JSONValue.string("\(sets.count) lists")
                throw object.mismatch("connections", "one list per channel, \(channels)", lists)
            }
            // Their weights are [Σ|set|, kh, kw].
            (sizes.outputs, sizes.kernelAxis) = (nil, 1)
        }
        if let units = try object.int("units") {
            // The first of a Jordan layer's tensors is of its hidden units.
            if op == "Jordan" { sizes.units = units } else { sizes.outputs = ("units", units) }
        }
        if let groups = try object.int("groups") { attributes["group"] = .int(groups) }
        if let hidden = try object.int("hidden") { attributes["hidden_size"] = .int(hidden) }
        // Whether there is a bias is what the weights say.
        _ = try object.bool("bias")
        try readPadding(&object, kernel: kernel, into: &attributes)
        if op == "Gabor", var bank = try object.object("bank") {
            attributes.merge(try GaborBankFields.read(&bank)) { $1 }
        }
        for (name, value) in object.takeRest() {
            attributes[name] = try attribute(
                value,
                object.mismatch(name, "a number, list or text", value)
            )
        }
        return attributes
    }

    private func readPadding(
        _ object: inout JSONFields,
        kernel: [Int]?,
        into attributes: inout [String: Attribute]
    ) throws(ModelError) {
        guard let padding = object.value("padding") else { return }
        let numbers = axes == 1 ? "[begin, end]" : "[top, left, bottom, right]"
        let expected = "\"valid\", \"same\", \"full\" or \(numbers)"
        switch padding {
        case .string("valid"):
            attributes["auto_pad"] = .string("VALID")
        case .string("same"):
            attributes["auto_pad"] = .string("SAME_UPPER")
        case .string("full"):
            let ones = [Int](repeating: 1, count: axes)
            let dilations = try object.ints("dilations", count: axes, minimum: 1) ?? ones
            attributes["dilations"] = .ints(dilations)
            guard let kernel else { throw object.mismatch("padding", "a kernel with it", padding) }
            // Both are at most 2²⁴.
            let pads = zip(kernel, dilations).map { ($0 - 1) * $1 }
            guard pads.allSatisfy({ $0 <= Self.largest }) else {
                throw object.mismatch("padding", "at most \(Self.largest)", .string("\(pads)"))
            }
            attributes["pads"] = .ints(pads + pads)
        case .array(let values) where values.count == 2 * axes:
            let numbers = values.compactMap(\.integer)
            guard numbers.count == values.count,
                numbers.allSatisfy({ abs($0) <= Self.largest })
            else {
                throw object.mismatch("padding", expected, padding)
            }
            attributes["pads"] = .ints(numbers)
        default:
            throw object.mismatch("padding", expected, padding)
        }
    }

    private func attribute(
        _ value: JSONValue,
        _ mismatch: @autoclosure () -> ModelError
    ) throws(ModelError) -> Attribute {
        switch value {
        case .bool(let flag):
            return .int(flag ? 1 : 0)
        case .number(let number):
            guard Float(number).isFinite, abs(value.integer ?? 0) <= Self.largestInteger else {
                throw mismatch()
            }
            return value.integer.map(Attribute.int) ?? .float(Float(number))
        case .string(let text):
            return .string(text)
        case .array(let values):
            let integers = values.compactMap(\.integer)
            guard integers.allSatisfy({ abs($0) <= Self.largestInteger }) else { throw mismatch() }
            if integers.count == values.count { return .ints(integers) }
            var floats: [Float] = []
            for element in values {
                guard case .number(let number) = element, Float(number).isFinite else {
                    throw mismatch()
                }
                floats.append(Float(number))
            }
            return .floats(floats)
        case .null, .object:
            throw mismatch()
        }
    }
}

/// A Gabor bank: every combination of frequency, orientation and phase; phase changes fastest.
enum GaborBankFields {
    private static let mostKernels = 1 << 16

    static func read(_ bank: inout JSONFields) throws(ModelError) -> [String: Attribute] {
        let orientations = try bank.int("orientations") ?? 1
        let frequencies = try bank.doubles("frequencies") ?? []
        let phases = try bank.doubles("phases") ?? [0]
        guard !frequencies.isEmpty, !phases.isEmpty, orientations <= 360 else {
            throw .invalidManifest(
                field: bank.path,
                expected: "orientations (to 360), frequencies and phases",
                got: "\(orientations), \(frequencies) and \(phases)"
            )
        }
        // Every one becomes a kernel; the product is checked before the lists grow.
        let kernels = frequencies.count.multipliedReportingOverflow(by: phases.count * orientations)
        guard !kernels.overflow, kernels.partialValue <= mostKernels else {
            throw .invalidManifest(
                field: bank.path,
                expected: "at most \(mostKernels) kernels",
                got: "\(orientations) orientations of \(frequencies.count) frequencies "
                    + "in \(phases.count) phases"
            )
        }
        let alpha = try perFrequency(&bank, "alpha", unlessGiven: 1, count: frequencies.count)
        let betaX = try perFrequency(&bank, "beta_x", unlessGiven: 0, count: frequencies.count)
        let betaY = try perFrequency(&bank, "beta_y", unlessGiven: 0, count: frequencies.count)
        bank.finish()
        var lists: [String: [Float]] = [:]
        for (index, frequency) in frequencies.enumerated() {
            for orientation in 0..<orientations {
                for phase in phases {
                    lists["alpha", default: []].append(Float(alpha[index]))
                    lists["beta_x", default: []].append(Float(betaX[index]))
                    lists["beta_y", default: []].append(Float(betaY[index]))
                    lists["frequency", default: []].append(Float(frequency))
                    lists["phase", default: []].append(Float(phase))
                    lists["orientation", default: []].append(
                        Float(Double(orientation) * Double.pi / Double(orientations))
                    )
                }
            }
        }
        return lists.mapValues { .floats($0) }
    }

    private static func perFrequency(
        _ bank: inout JSONFields,
        _ name: String,
        unlessGiven value: Double,
        count: Int
    ) throws(ModelError) -> [Double] {
        let values = try bank.doubles(name) ?? [value]
        if values.count == 1 { return Array(repeating: values[0], count: count) }
        guard values.count == count else {
            throw .invalidManifest(
                field: "\(bank.path), \(name)",
                expected: "one number, or one per frequency",
                got: "\(values.count) numbers"
            )
        }
        return values
    }
}
