import Glibc
import Graph

extension Families {
    static let signals: [String: DeclaredOperator] = [
        "DFT": .init(FourierTransform.self, takes: 1...3, gives: 1...1),
        "STFT": .init(ShortTimeTransform.self, takes: 2...4, gives: 1...1),
        "HannWindow": .init(CosineWindow.self, takes: 1...1, gives: 1...1),
        "HammingWindow": .init(CosineWindow.self, takes: 1...1, gives: 1...1),
        "BlackmanWindow": .init(CosineWindow.self, takes: 1...1, gives: 1...1),
        "MelWeightMatrix": .init(MelWeightMatrix.self, takes: 5...5, gives: 1...1),
    ]
}

/// Complex numbers, real and imaginary parts apart.
private struct Signal {
    var real: [Double]
    var imaginary: [Double]

    /// The discrete Fourier transform, by the length's prime factors.
    func transformed(inverse: Bool, _ operands: Operands) throws(ModelError) -> Signal {
        let length = real.count
        guard length > 1 else { return self }
        let sign = inverse ? 2.0 : -2.0
        let turns = (0..<length).map { sign * Double.pi * Double($0) / Double(length) }
        let roots = Signal(real: turns.map { cos($0) }, imaginary: turns.map { sin($0) })
        var result = try transformed(from: 0, step: 1, length, roots, operands)
        if inverse {
            for index in 0..<length {
                result.real[index] /= Double(length)
                result.imaginary[index] /= Double(length)
            }
        }
        return result
    }

    /// The transform of each `step`-th number from `start` on.
    private func transformed(
        from start: Int,
        step: Int,
        _ length: Int,
        _ roots: Signal,
        _ operands: Operands
    ) throws(ModelError) -> Signal {
        guard length > 1 else {
            return Signal(real: [real[start]], imaginary: [imaginary[start]])
        }
        let factor = Self.smallestFactor(length)
        let width = length / factor
        var parts: [Signal] = []
        for part in 0..<factor {
            parts.append(
                try transformed(
                    from: start + part * step,
                    step: step * factor,
                    width,
                    roots,
                    operands
                )
            )
        }
        let zeros = [Double](repeating: 0, count: length)
        var result = Signal(real: zeros, imaginary: zeros)
        for index in 0..<length {
            if factor > 64 || index & 0xFFF == 0xFFF { try operands.poll() }
            var (x, y) = (0.0, 0.0)
            for (part, values) in parts.enumerated() {
                let root = index * part % length * step
                let (c, s) = (roots.real[root], roots.imaginary[root])
                let (a, b) = (values.real[index % width], values.imaginary[index % width])
                x += a * c - b * s
                y += a * s + b * c
            }
            (result.real[index], result.imaginary[index]) = (x, y)
        }
        return result
    }

    private static func smallestFactor(_ number: Int) -> Int {
        var factor = 2
        while factor * factor <= number {
            if number % factor == 0 { return factor }
            factor += 1
        }
        return number
    }
}

/// The Fourier transform along an axis of real or complex numbers, whose parts the last axis holds.
struct FourierTransform: PlannedOperator {
    private let axis: Int?
    private let isInverse: Bool
    private let isOneSided: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        // An input since opset 20.
        axis = attributes.opset < 20 ? try attributes.int("axis", default: 1) : nil
        isInverse = try attributes.flag("inverse", default: false)
        isOneSided = try attributes.flag("onesided", default: false)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let sizes = try plan.inputShape(node, 0).dimensions
        let last = sizes.count - 1
        let operands = try plan.shapeOperands(node)
        let given = try self.axis.or(operands.optionalInteger(2) ?? -2)
        let axis = try normalised(given, rank: sizes.count, node)
        guard operands.optional(1) == nil, last >= 1, axis == last - 1,
            (1...2).contains(sizes[last]),
            !(isInverse && isOneSided), Shape(sizes).count > 0
        else {
            throw .shape(node: node.name, reason: "axis \(axis) of \(Shape(sizes)) is not planned")
        }
        let kept = isOneSided ? sizes[axis] / 2 + 1 : sizes[axis]
        let matrix = FourierMatrix(
            sizes[axis],
            kept: kept,
            isComplex: sizes[last] == 2,
            isInverse: isInverse
        )
        guard let matrix else {
            throw .shape(node: node.name, reason: "signals of \(sizes[axis]) are too long")
        }
        var parts = Composition(node)
        try matrix.transform(
            node.inputs[0],
            count: sizes[..<axis].reduce(1, *),
            to: sizes[..<axis] + [kept, 2],
            &parts,
            in: &plan
        )
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let shape = input.shape.dimensions
        let axis = try operands.axis(
            self.axis.or(operands.optionalInteger(2) ?? -2),
            rank: shape.count
        )
        guard shape.count >= 2, axis < shape.count - 1, (1...2).contains(shape[shape.count - 1])
        else { throw operands.fail("axis \(axis) of \(input.shape) has no complex numbers") }
        let returnsReal = isInverse && isOneSided
        let natural = returnsReal ? 2 * (shape[axis] - 1) : shape[axis]
        let length = try operands.optionalInteger(1) ?? natural
        guard length >= 1, length <= 1 << 28 else {
            throw operands.fail("there is no transform of length \(length)")
        }
        let kept = isOneSided && !isInverse ? length / 2 + 1 : length
        var (result, from) = (shape, try operands.floats(0))
        result[axis] = kept
        result[shape.count - 1] = returnsReal ? 1 : 2
        var values = [Double](repeating: 0, count: try operands.count(result))
        _ = try operands.count([length, 6])
        if shape[shape.count - 1] == 1 { from = from.flatMap { [$0, 0] } }
        let inner = shape[(axis + 1)..<shape.count - 1].reduce(1, *)
        let parts = returnsReal ? 1 : 2
        for outer in 0..<shape[..<axis].reduce(1, *) {
            for place in 0..<inner {
                let read = { (index: Int) in ((outer * shape[axis] + index) * inner + place) * 2 }
                let signal = signal(
                    from,
                    count: shape[axis],
                    length: length,
                    completes: returnsReal,
                    read
                )
                let made = try signal.transformed(inverse: isInverse, operands)
                for index in 0..<kept {
                    let target = ((outer * kept + index) * inner + place) * parts
                    values[target] = made.real[index]
                    if parts == 2 { values[target + 1] = made.imaginary[index] }
                }
            }
        }
        return [try operands.result(result, values, input.type)]
    }

    /// Cut or filled up with zeros to `length`; half a spectrum is completed to that of a real signal.
    private func signal(
        _ values: [Double],
        count: Int,
        length: Int,
        completes: Bool,
        _ place: (Int) -> Int
    ) -> Signal {
        let zeros = [Double](repeating: 0, count: length)
        var signal = Signal(real: zeros, imaginary: zeros)
        for index in 0..<min(count, completes ? length / 2 + 1 : length) {
            signal.real[index] = values[place(index)]
            signal.imaginary[index] = values[place(index) + 1]
        }
        guard completes else { return signal }
        signal.imaginary[0] = 0
        if length % 2 == 0 { signal.imaginary[length / 2] = 0 }
        for index in 1..<max((length + 1) / 2, 1) {
            signal.real[length - index] = signal.real[index]
            signal.imaginary[length - index] = -signal.imaginary[index]
        }
        return signal
    }
}

/// Transforms of frames of a signal, each times a window.
struct ShortTimeTransform: PlannedOperator {
    private let isOneSided: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isOneSided = try attributes.flag("onesided", default: true)
    }

    /// Elements of all frames, which are read through a list of places.
    private static let mostPlaces = 1 << 21

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let sizes = try plan.inputShape(node, 0).dimensions
        let window = node.inputs.count > 2 && !node.inputs[2].isEmpty ? node.inputs[2] : nil
        let taps = try window == nil ? nil : plan.shapeOfInput(node, 2).count
        let operands = try plan.shapeOperands(node)
        let length = try operands.optionalInteger(3) ?? taps ?? sizes.dropFirst().first
        guard sizes.count == 2 || sizes.count == 3 && sizes[2] == 1, let length,
            let step = try operands.optionalInteger(1), (1...1 << 31).contains(step),
            length >= 1, length <= sizes[1], taps ?? length == length, sizes[0] >= 1
        else { throw .shape(node: node.name, reason: "frames of \(Shape(sizes)) are not planned") }
        let frames = 1 + (sizes[1] - length) / step
        let kept = isOneSided ? length / 2 + 1 : length
        guard Double(frames) * Double(length) <= Double(Self.mostPlaces),
            let matrix = FourierMatrix(length, kept: kept, isComplex: false, isInverse: false)
        else { throw .shape(node: node.name, reason: "frames of \(length) are too long") }
        var parts = Composition(node)
        let list = parts.list(Array(sizes[..<2]), in: &plan)
        let signals = try parts.add("Reshape", [node.inputs[0], list], to: &plan)
        let places = (0..<frames).flatMap { frame in (0..<length).map { frame * step + $0 } }
        let indices = parts.list(places, in: &plan)
        var framed = try parts.add("Gather", [signals, indices], ["axis": .int(1)], to: &plan)
        let shape = parts.list([sizes[0] * frames, length], in: &plan)
        framed = try parts.add("Reshape", [framed, shape], to: &plan)
        if let window { framed = try parts.add("Mul", [framed, window], to: &plan) }
        try matrix.transform(
            framed,
            count: sizes[0] * frames,
            to: [sizes[0], frames, kept, 2],
            &parts,
            in: &plan
        )
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        // Real signals may come without the axis of their parts.
        let shape = input.shape.dimensions + (input.shape.rank == 2 ? [1] : [])
        guard shape.count == 3, (1...2).contains(shape[2]) else {
            throw operands.fail("\(input.shape) is no batch of signals")
        }
        let window = operands.optional(2) == nil ? nil : try operands.floats(2)
        let length = try operands.optionalInteger(3) ?? window?.count ?? shape[1]
        guard let step = try operands.optionalInteger(1), (1...1 << 31).contains(step),
            length >= 1, length <= shape[1], window.map({ $0.count <= length }) ?? true
        else { throw operands.fail("frames of \(length) do not fit \(input.shape)") }
        let frames = 1 + (shape[1] - length) / step
        let kept = isOneSided ? length / 2 + 1 : length
        let values = try operands.floats(0)
        let result = [shape[0], frames, kept, 2]
        var made: [Double] = []
        made.reserveCapacity(try operands.count(result))
        _ = try operands.count([length, 6])
        for batch in 0..<shape[0] {
            for frame in 0..<frames {
                let start = batch * shape[1] + frame * step
                let zeros = [Double](repeating: 0, count: length)
                var signal = Signal(real: zeros, imaginary: zeros)
                for index in 0..<(window?.count ?? length) {
                    let weight = window?[index] ?? 1
                    signal.real[index] = values[(start + index) * shape[2]] * weight
                    if shape[2] == 2 {
                        signal.imaginary[index] = values[(start + index) * 2 + 1] * weight
                    }
                }
                let spectrum = try signal.transformed(inverse: false, operands)
                for index in 0..<kept {
                    made.append(spectrum.real[index])
                    made.append(spectrum.imaginary[index])
                }
            }
        }
        return [try operands.result(result, made, input.type)]
    }
}
