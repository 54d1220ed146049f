public import KernelInterface

/// Which loop runs a convolution; each has weights packed its own way.
public enum ConvolutionKernel: String, Sendable {
    /// Blocked input.
    case blocked
    /// Row-major input with few channels.
    case planar
    /// Blocked input, one kernel per channel.
    case depthwise
    /// Row-major input with few channels, row-major output; its blocks are single channels.
    case planes
}

// The kernels as plans call them: positions in, no pointers in sight.
// SAFETY: positions and strides come from one plan, which sized the memory behind them.
extension KernelSet {
    /// Output blocks of one image of a convolution.
    public func convolve(
        _ kernel: ConvolutionKernel,
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        addend: FloatPosition? = nil,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        let function =
            switch kernel {
            case .blocked: unsafe table.convolve
            case .planar: unsafe table.convolvePlanar
            case .depthwise: unsafe table.convolveDepthwise
            case .planes: unsafe table.convolvePlanes
            }
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe function(
                geometry,
                input.pointer,
                weights.pointer,
                bias.pointer,
                addend?.pointer,
                output.pointer,
                blocks.lowerBound,
                blocks.upperBound
            )
        }
    }

    /// Sixteen 3x3 kernels [9][16] as Winograd's values [(size + 2)^2][16].
    public func winogradKernels(size: Int, taps: FloatPosition, values: FloatPosition) {
        unsafe table.winogradKernels(size, taps.pointer, values.pointer)
    }

    /// Input blocks of a strip of Winograd tiles, transformed.
    public func winogradInput(
        _ geometry: WinogradGeometry,
        input: FloatPosition,
        transformed: FloatPosition,
        blocks: Range<Int>,
        tiles: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.winogradInput(
                geometry,
                input.pointer,
                transformed.pointer,
                blocks.lowerBound,
                blocks.upperBound,
                tiles.lowerBound,
                tiles.upperBound
            )
        }
    }

    /// Output blocks of a strip of Winograd tiles.
    public func winogradOutput(
        _ geometry: WinogradGeometry,
        transformed: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        addend: FloatPosition?,
        sums: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>,
        tiles: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.winogradOutput(
                geometry,
                transformed.pointer,
                weights.pointer,
                bias.pointer,
                addend?.pointer,
                sums.pointer,
                output.pointer,
                blocks.lowerBound,
                blocks.upperBound,
                tiles.lowerBound,
                tiles.upperBound
            )
        }
    }

    /// Output blocks of one image of a layer with kernels of their own at every position.
    public func convolveLocal(
        isPlanar: Bool,
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        output: FloatPosition,
        totalBlocks: Int,
        blocks: Range<Int>
    ) {
        let function = unsafe isPlanar ? table.convolveLocalPlanar : table.convolveLocal
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe function(
                geometry,
                input.pointer,
                weights.pointer,
                bias.pointer,
                output.pointer,
                totalBlocks,
                blocks.lowerBound,
                blocks.upperBound
            )
        }
    }

    /// One output channel of one image, row-major, from the input channels it is connected to.
    public func convolveChannels(
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        channels: Span<Int>,
        weights: FloatPosition,
        bias: Float,
        output: FloatPosition
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            // A set of no channels need have no address: what it computes is the bias.
            unsafe withUnsafePointer(to: 0) { nothing in
                unsafe channels.withUnsafeBufferPointer { channels in
                    unsafe table.convolveChannels(
                        geometry,
                        input.pointer,
                        channels.baseAddress ?? nothing,
                        channels.count,
                        weights.pointer,
                        bias,
                        output.pointer
                    )
                }
            }
        }
    }

    /// Channels of one image of a 3x3 convolution of stride 1 that is planar and has a kernel for each channel.
    ///
    /// `scratch` holds `squareScratch(width:)` floats for it alone.
    public func convolveSquares(
        _ geometry: SquareGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        scratch: FloatPosition,
        output: FloatPosition,
        channels: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.convolveSquares(
                geometry,
                input.pointer,
                weights.pointer,
                bias.pointer,
                scratch.pointer,
                output.pointer,
                channels.lowerBound,
                channels.upperBound
            )
        }
    }

    /// Floats that `convolveSquares` needs for itself.
    public static func squareScratch(width: Int) -> Int { 18 * (width + 80) }
}
