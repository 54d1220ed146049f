import KernelInterface

/// Maximum over groups of neighbouring channels, NaN if a group holds one.
func maxout(
    _ geometry: UnsafePointer<ChannelPoolGeometry>,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    poolChannels(MaximumOfChannels.self, geometry.pointee, input, output, first, end)
}

/// Length of each vector of neighbouring channels: √Σx².
func channelL2(
    _ geometry: UnsafePointer<ChannelPoolGeometry>,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    poolChannels(LengthOfChannels.self, geometry.pointee, input, output, first, end)
}

private protocol ChannelReduction {
    static func reduce(_ a: Vector, _ b: Vector) -> Vector

    static var start: Float { get }
    static func combine(_ reduced: Float, _ value: Float) -> Float
    static func finish(_ reduced: Float) -> Float
}

private enum MaximumOfChannels: ChannelReduction {
    @_transparent
    static func reduce(_ a: Vector, _ b: Vector) -> Vector { maximum(a, b) }

    @inline(__always)
    static var start: Float { -Float.infinity }

    @_transparent
    static func combine(_ reduced: Float, _ value: Float) -> Float {
        value > reduced || value != value ? value : reduced
    }

    @_transparent
    static func finish(_ reduced: Float) -> Float { reduced }
}

private enum LengthOfChannels: ChannelReduction {
    @_transparent
    static func reduce(_ a: Vector, _ b: Vector) -> Vector { (a * a + b * b).squareRoot() }

    @inline(__always)
    static var start: Float { 0 }

    @_transparent
    static func combine(_ reduced: Float, _ value: Float) -> Float { reduced + value * value }

    @_transparent
    static func finish(_ reduced: Float) -> Float { reduced.squareRoot() }
}

@_transparent
private func poolChannels<Reduction: ChannelReduction>(
    _: Reduction.Type,
    _ geometry: ChannelPoolGeometry,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    for block in first..<end {
        for row in 0..<geometry.height {
            let source = input + row &* geometry.inputRow
            let target = output + (block &* geometry.outputPlane &+ row &* geometry.outputRow)
            if geometry.group == 2 {
                poolNeighbours(Reduction.self, geometry, source, target, block)
            } else {
                poolGroups(Reduction.self, geometry, source, target, block)
            }
        }
    }
}

/// Groups of two: even lanes of two input blocks meet their odd neighbours.
@_transparent
private func poolNeighbours<Reduction: ChannelReduction>(
    _: Reduction.Type,
    _ geometry: ChannelPoolGeometry,
    _ source: Floats,
    _ target: MutableFloats,
    _ block: Int
) {
    let low = source + block &* 2 &* geometry.inputPlane
    // The last output block may be fed by one input block alone: its upper lanes are cleared below.
    let hasHigh = (block &* 2 &+ 1) &* 16 < geometry.inputChannels
    let high = hasHigh ? low + geometry.inputPlane : low
    let channels = geometry.inputChannels / 2 &- block &* 16
    for x in 0..<geometry.width {
        let a = load(low + x &* 16)
        let b = load(high + x &* 16)
        let even = Vector(lowHalf: a.evenHalf, highHalf: b.evenHalf)
        let odd = Vector(lowHalf: a.oddHalf, highHalf: b.oddHalf)
        store(keep(Reduction.reduce(even, odd), channels), target + x &* 16)
    }
}

/// Zero in every lane from `count` on.
@_transparent
private func keep(_ vector: Vector, _ count: Int) -> Vector {
    if count >= 16 { return vector }
    var kept = vector
    for lane in 0..<16 where lane >= count { kept[lane] = 0 }
    return kept
}

@_transparent
private func poolGroups<Reduction: ChannelReduction>(
    _: Reduction.Type,
    _ geometry: ChannelPoolGeometry,
    _ source: Floats,
    _ target: MutableFloats,
    _ block: Int
) {
    let channels = geometry.inputChannels / geometry.group
    for lane in 0..<16 {
        let output = block &* 16 &+ lane
        for x in 0..<geometry.width {
            if output >= channels {
                target[x &* 16 &+ lane] = 0
                continue
            }
            var reduced = Reduction.start
            for member in 0..<geometry.group {
                let channel = output &* geometry.group &+ member
                let offset = channel / 16 &* geometry.inputPlane &+ channel % 16
                reduced = Reduction.combine(reduced, source[offset &+ x &* 16])
            }
            target[x &* 16 &+ lane] = Reduction.finish(reduced)
        }
    }
}
