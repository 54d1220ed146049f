import Compute
import Graph
import KernelInterface

/// A 3x3 convolution of stride 1 with a kernel for each channel, whose input lies row by row and whose output may.
///
/// It needs no blocks, so that nothing is converted on the way in or out.
struct DepthwiseSquares {
    let lowering: ConvolutionLowering
    let rows: Windows.Axis
    let columns: Windows.Axis

    /// Zeros on any side that the kernel has room for.
    private static let mostPadding = 16

    /// Whether the kernel knows windows of this form.
    static func fits(
        _ lowering: ConvolutionLowering,
        _ rows: Windows.Axis,
        _ columns: Windows.Axis,
        on kernels: KernelSet
    ) -> Bool {
        let axes = [rows, columns]
        // Elsewhere sixteen registers or less are too few for nine taps and four rows of sums.
        return kernels.blocksPerTile > 1 && lowering.kernel.shape[2] == 3
            && lowering.kernel.shape[3] == 3
            && axes.allSatisfy { axis in
                axis.stride == 1 && axis.dilation == 1
                    && (0...mostPadding).contains(axis.padBegin)
                    && axis.output + 2 - axis.padBegin - axis.input <= mostPadding
            }
    }

    /// Multiply–adds that are worth handing over.
    private static let useful = 200_000

    func add(
        from source: ValueID,
        to output: ValueID,
        images: Int,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let channels = lowering.outputs
        let perChannel = max(1, rows.output * columns.output * 9)
        let width = min(channels, (Self.useful + perChannel - 1) / perChannel)
        let perImage = (channels + width - 1) / width
        let scratch = try plan.workerScratch(KernelSet.squareScratch(width: columns.input))
        let (table, store, lowering, geometry) = (plan.kernels, plan.weights, lowering, geometry)
        let (inputImage, outputImage) = (
            channels * rows.input * columns.input, channels * rows.output * columns.output
        )
        plan.step(
            lowering.node.name,
            chunks: images * perImage,
            reads: [source],
            writes: [output, scratch]
        ) { (placement) throws(ModelError) in
            let packed = try store.layer("\(lowering.kernel.key)/squares") {
                () throws(ModelError) in
                try lowering.packSquares()
            }
            let (from, to, own) = (placement[source], placement[output], placement[scratch])
            return { arena, chunk in
                let (image, first) = (chunk / perImage, chunk % perImage * width)
                table.convolveSquares(
                    geometry,
                    input: from.position(in: arena) + image * inputImage,
                    weights: packed.weights.start,
                    bias: packed.bias.start,
                    scratch: own.position(in: arena),
                    output: to.position(in: arena) + image * outputImage,
                    channels: first..<min(first + width, channels)
                )
            }
        }
    }

    private var geometry: SquareGeometry {
        SquareGeometry(
            height: rows.input,
            width: columns.input,
            top: rows.padBegin,
            left: columns.padBegin,
            outputHeight: rows.output,
            outputWidth: columns.output,
            floor: lowering.activation.floor,
            ceiling: lowering.activation.ceiling
        )
    }
}

extension ConvolutionLowering {
    /// [channel][3][3] as they are, and the bias.
    fileprivate func packSquares() throws(ModelError) -> PackedLayer {
        let values = try kernel.values.read()
        return PackedLayer(
            weights: Packing.vector(values, .plain(values.count)),
            bias: packedBias
        )
    }
}
