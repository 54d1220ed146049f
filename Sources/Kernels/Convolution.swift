import KernelInterface

/// Blocked in, blocked out; see KernelTable.convolve.
func convolve(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    var geometry = geometry.pointee
    if geometry.isPointwise(lanes: 16), addend == nil || geometry.addendRow == geometry.outputRow {
        geometry.flatten()
    }
    switch geometry.literalStride {
    case 1:
        coverBlocks(
            Reading<16, 16>.self,
            geometry,
            input,
            weights,
            bias,
            addend,
            output,
            first,
            end
        )
    case 2:
        coverBlocks(
            Reading<32, 16>.self,
            geometry,
            input,
            weights,
            bias,
            addend,
            output,
            first,
            end
        )
    default:
        coverBlocks(Reading<0, 16>.self, geometry, input, weights, bias, addend, output, first, end)
    }
}

/// Names how a tile reads its input: the literal step between pixels (0: the geometry knows) and the
/// lanes of a plane.
struct Reading<let step: Int, let lanes: Int> {}

/// Computes output blocks [first, end), as many at once as suits the rows' width.
@_transparent
func coverBlocks<let step: Int, let lanes: Int>(
    _ reading: Reading<step, lanes>.Type,
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let width = geometry.outputWidth
    guard width > 0 && geometry.outputHeight > 0 else { return }
    let pairs = geometry.activation == .maxoutPair
    let blockWeights =
        geometry.inputBlocks &* geometry.kernelHeight &* geometry.kernelWidth &* lanes &* 16
    var block = first
    while block < end {
        let blocks = TileChoice.blocks(width: width, remaining: end &- block, pairs: pairs)
        let target = output + (pairs ? block / 2 : block) &* geometry.outputPlane
        let isHalf =
            TileChoice.halves && blocks == 1 && block == geometry.halfBlock && width >= 2
            && addend == nil && !pairs
        coverColumns(
            reading,
            blocks: blocks,
            isHalf: isHalf,
            geometry,
            input,
            weights + block &* blockWeights,
            bias + block &* 16,
            addend.map { $0 + block &* geometry.addendPlane },
            target
        )
        if isHalf {
            for row in 0..<geometry.outputHeight {
                let start = target + row &* geometry.outputRow
                activateHalves(geometry.activation, start, width, geometry.outputColumn)
            }
        } else {
            activateBlocks(geometry, target, blocks)
        }
        block &+= blocks
    }
}

/// Computes some blocks, planes of a part after those of another.
@_transparent
private func coverColumns<let step: Int, let lanes: Int>(
    _ reading: Reading<step, lanes>.Type,
    blocks: Int,
    isHalf: Bool,
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ output: MutableFloats
) {
    let width = geometry.outputWidth
    var some = geometry
    if TileChoice.halves && isHalf {
        var column = 0
        while column < width {
            let run = TileChoice.halfRun(width: width &- column)
            some.begin(at: column, of: geometry, run.width)
            let source = input + column &* (step == 0 ? geometry.strideWidth &* lanes : step)
            let target = output + column &* geometry.outputColumn
            coverHalfTile(reading, pixels: run.pixels, some, source, weights, bias, target)
            column &+= run.width
        }
        return
    }
    let planes = TileChoice.planes(geometry, lanes: lanes, blocks: blocks)
    let isWhole = planes == geometry.inputBlocks
    let planeWeights = geometry.kernelHeight &* geometry.kernelWidth &* lanes &* 16
    var plane = 0
    repeat {
        let rest = geometry.inputBlocks &- plane
        some.inputBlocks = min(planes, rest)
        some.lastLanes = rest <= planes ? geometry.lastLanes : lanes
        let part = Part(continues: plane > 0, remains: rest > planes)
        var column = 0
        while column < width {
            let run = TileChoice.run(width: width &- column, blocks: blocks, isExact: !isWhole)
            some.begin(at: column, of: geometry, run.width)
            let pixel = column &* (step == 0 ? geometry.strideWidth &* lanes : step)
            let offset = column &* geometry.outputColumn
            coverTile(
                reading,
                pixels: run.pixels,
                blocks: blocks,
                some,
                input + (plane &* geometry.inputPlane &+ pixel),
                weights + plane &* planeWeights,
                bias,
                addend.map { $0 + offset },
                output + offset,
                part
            )
            column &+= run.width
        }
        plane &+= planes
    } while plane < geometry.inputBlocks
}

/// Applies the activations that are too long for a tile's end to `blocks` output blocks.
@inline(never)
func activateBlocks(_ geometry: ConvolutionGeometry, _ output: MutableFloats, _ blocks: Int) {
    guard geometry.activation == .tanh || geometry.activation == .sigmoid else { return }
    for block in 0..<blocks {
        for row in 0..<geometry.outputHeight {
            let start = output + (block &* geometry.outputPlane &+ row &* geometry.outputRow)
            if geometry.outputColumn == 16 {
                activate(geometry.activation, start, start, geometry.outputWidth &* 16)
            } else {
                for column in 0..<geometry.outputWidth {
                    let pixel = start + column &* geometry.outputColumn
                    activate(geometry.activation, pixel, pixel, 16)
                }
            }
        }
    }
}

extension ConvolutionGeometry {
    /// Whether output pixel i depends on input pixel i alone, rows following each other without a gap.
    @_transparent
    func isPointwise(lanes: Int) -> Bool {
        kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1
            && inputRow == outputWidth &* lanes && outputRow == outputWidth &* 16
            && outputColumn == 16
    }

    /// All rows as one.
    @_transparent
    mutating func flatten() {
        outputWidth &*= outputHeight
        outputHeight = 1
        image = ImageBounds()
    }

    /// `width` columns from `column` of `whole` on.
    @_transparent
    mutating func begin(at column: Int, of whole: ConvolutionGeometry, _ width: Int) {
        outputWidth = width
        image.left = whole.image.left &- column &* strideWidth
    }

    /// The columns' stride where a tile with literal steps may run: output pixels lie side by side.
    @inline(__always)
    var literalStride: Int { outputColumn == 16 ? strideWidth : 0 }
}
