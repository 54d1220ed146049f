import TestSupport
import Compute
import KernelInterface

/// A convolution in ONNX's terms, with its naive reference and its run through a kernel set.
struct ConvolutionCase {
    enum Kind { case blocked, planar, planes, depthwise }

    var kind = Kind.blocked
    var inputs: Int
    var outputs: Int
    var kernel: (height: Int, width: Int)
    var stride = (height: 1, width: 1)
    var dilation = (height: 1, width: 1)
    var size: (height: Int, width: Int)
    var activation = Activation.none

    /// Floats between the end of a row and the next one's start.
    var gap = 0
    /// What of the input is known to be the image; the rest are zeros.
    var image = ImageBounds()
    var input: [Float] = []
    var weights: [Float] = []
    var bias: [Float] = []

    var inputSize: (height: Int, width: Int) {
        (
            (size.height - 1) * stride.height + (kernel.height - 1) * dilation.height + 1,
            (size.width - 1) * stride.width + (kernel.width - 1) * dilation.width + 1
        )
    }

    var weightInputs: Int { kind == .depthwise ? 1 : inputs }
    var isPaired: Bool { activation == .maxoutPair }
    var channels: Int { isPaired ? outputs / 2 : outputs }
    var order: OutputOrder { isPaired ? .maxoutPairs(outputs) : .plain(outputs) }

    mutating func fill(_ random: inout SeededGenerator) {
        input = random.floats(inputs * inputSize.height * inputSize.width)
        weights = random.floats(outputs * weightInputs * kernel.height * kernel.width)
        bias = random.floats(outputs)
    }

    /// Leaves a random part of the input, and says where it is.
    mutating func surround(_ random: inout SeededGenerator) {
        let (rows, columns) = inputSize
        let (height, width) = (random.int(1...rows), random.int(1...columns))
        let (top, left) = (random.int(0...rows - height), random.int(0...columns - width))
        image = ImageBounds(top: top, left: left, height: height, width: width)
        for index in input.indices {
            let (row, column) = (index / columns % rows, index % columns)
            let isInside =
                (top..<top + height).contains(row) && (left..<left + width).contains(column)
            if !isInside { input[index] = 0 }
        }
    }

    /// Random sizes around the tiles' edges.
    init(random: inout SeededGenerator, kind: Kind) {
        self.kind = kind
        inputs = kind == .planar || kind == .planes ? random.int(1...4) : random.int(1...40)
        outputs = kind == .depthwise ? inputs : random.int(1...70)
        kernel = (random.int(1...4), random.int(1...4))
        stride = (random.int(1...3), random.int(1...3))
        dilation = (random.int(1...2), random.int(1...2))
        size = (random.int(1...5), random.int(1...31))
        gap = random.int(0...1) * 16
        let choices: [Activation] = [.none, .relu, .tanh, .sigmoid]
        activation = choices[random.int(0...3)]
        if kind == .planes {
            stride.width = 1
            size.width += 15
            activation = random.int(0...1) == 0 ? .none : .relu
        } else if kind != .depthwise && outputs % 2 == 0 && random.int(0...1) == 0 {
            activation = .maxoutPair
        }
        fill(&random)
    }

    init(inputs: Int, outputs: Int, kernel: (Int, Int), size: (Int, Int)) {
        self.inputs = inputs
        self.outputs = outputs
        self.kernel = kernel
        self.size = size
    }

    var description: String {
        """
        \(kind) \(inputs)→\(outputs) kernel \(kernel) stride \(stride) dilation \(dilation) \
        size \(size) gap \(gap) \(activation)
        """
    }
}

extension ConvolutionCase {
    /// [channels][height][width] by definition, in double precision.
    func reference() -> [Reference] {
        let sums = (0..<outputs).flatMap { output in
            (0..<size.height * size.width).map { position in
                sum(output, position / size.width, position % size.width)
            }
        }
        guard isPaired else { return sums.map(activate) }
        let plane = size.height * size.width
        return (0..<channels * plane).map { index in
            let first = sums[index / plane * 2 * plane + index % plane]
            let second = sums[(index / plane * 2 + 1) * plane + index % plane]
            let magnitude = max(first.magnitude, second.magnitude)
            return Reference(max(first.value, second.value), magnitude: magnitude)
        }
    }

    private func sum(_ output: Int, _ y: Int, _ x: Int) -> Reference {
        var sum = Reference(Double(bias[output]))
        for i in 0..<weightInputs {
            let channel = kind == .depthwise ? output : i
            for ky in 0..<kernel.height {
                for kx in 0..<kernel.width {
                    let row = y * stride.height + ky * dilation.height
                    let column = x * stride.width + kx * dilation.width
                    let pixel = input[
                        (channel * inputSize.height + row) * inputSize.width + column
                    ]
                    let weight = weights[
                        ((output * weightInputs + i) * kernel.height + ky) * kernel.width + kx
                    ]
                    sum.add(Double(pixel) * Double(weight))
                }
            }
        }
        return sum
    }

    private func activate(_ sum: Reference) -> Reference {
        // The slopes are at most 1, and the functions' own error is relative to a result below 1.
        let magnitude = sum.magnitude + 1
        switch activation {
        case .none, .maxoutPair, .saturating: return sum
        case .relu: return Reference(max(0, sum.value), magnitude: sum.magnitude)
        case .tanh: return Reference(tanhReference(sum.value), magnitude: magnitude)
        case .sigmoid: return Reference(sigmoidReference(sum.value), magnitude: magnitude)
        }
    }
}

extension ConvolutionCase {
    /// What ranges are of: output blocks, or channels where the output is planar.
    var count: Int { kind == .planes ? outputs : order.blocks }

    /// Outputs as planar [channels][height][width].
    func run(_ kernels: KernelSet, ranges: [Range<Int>]? = nil) -> Outcome {
        let memory = TestMemory()
        defer { memory.release() }
        let source = memory.floats(arrangedInput())
        let packed = pack(kernels)
        let packedBias = Packing.vector(bias, order)
        let lanes = outputLanes
        let outputPlanes = lanes == 1 ? outputs : blocks(of: channels)
        let row = size.width * lanes + gap
        let output = memory.floats(count: (outputPlanes * size.height * row) - gap)
        var geometry = geometry(outputRow: row)
        for range in ranges ?? [0..<count] {
            function(kernels)(
                &geometry,
                source.start,
                memory.pointer(packed),
                memory.pointer(packedBias),
                nil,
                output.start,
                range.lowerBound,
                range.upperBound
            )
        }
        let values = (0..<channels * size.height * size.width).map { index in
            let (plane, position) = index.quotientAndRemainder(
                dividingBy: size.height * size.width
            )
            let (y, x) = position.quotientAndRemainder(dividingBy: size.width)
            return output[(plane / lanes * size.height + y) * row + x * lanes + plane % lanes]
        }
        return Outcome(values: values, isIntact: output.isIntact && source.isIntact)
    }

    struct Outcome {
        var values: [Float]
        var isIntact: Bool
    }

    private typealias Kernel =
        @convention(c) (
            UnsafePointer<ConvolutionGeometry>, UnsafePointer<Float>, UnsafePointer<Float>,
            UnsafePointer<Float>, UnsafePointer<Float>?, UnsafeMutablePointer<Float>, Int, Int
        ) -> Void

    private func function(_ kernels: KernelSet) -> Kernel {
        switch kind {
        case .blocked: kernels.table.convolve
        case .planar: kernels.table.convolvePlanar
        case .planes: kernels.table.convolvePlanes
        case .depthwise: kernels.table.convolveDepthwise
        }
    }

    /// Whether the input lies row by row.
    private var isPlanar: Bool { kind == .planar || kind == .planes }

    private var lanes: Int { isPlanar ? 1 : 16 }

    private var outputLanes: Int { kind == .planes ? 1 : 16 }
    private var inputRow: Int { inputSize.width * lanes + gap }

    private func geometry(outputRow: Int) -> ConvolutionGeometry {
        ConvolutionGeometry(
            inputBlocks: isPlanar ? inputs : blocks(of: inputs),
            lastLanes: isPlanar ? 1 : (inputs - 1) % 16 + 1,
            inputPlane: inputSize.height * inputRow,
            inputRow: inputRow,
            kernelHeight: kernel.height,
            kernelWidth: kernel.width,
            strideHeight: stride.height,
            strideWidth: stride.width,
            dilationHeight: dilation.height,
            dilationWidth: dilation.width,
            outputHeight: size.height,
            outputWidth: size.width,
            outputPlane: size.height * outputRow,
            outputRow: outputRow,
            outputColumn: 16,
            activation: activation == .relu ? .none : activation,
            floor: activation == .relu ? 0 : -.infinity,
            ceiling: .infinity,
            addendPlane: 0,
            addendRow: 0,
            halfBlock: isPaired ? -1 : halfBlock(of: outputs),
            image: image
        )
    }

    /// The input in the kernel's layout; lanes past the channels hold numbers that must not matter.
    private func arrangedInput() -> [Float] {
        let planes = isPlanar ? inputs : blocks(of: inputs)
        var arranged = [Float](repeating: 3, count: planes * inputSize.height * inputRow - gap)
        for channel in 0..<inputs {
            for y in 0..<inputSize.height {
                for x in 0..<inputSize.width {
                    let row = (channel / lanes * inputSize.height + y) * inputRow
                    arranged[row + x * lanes + channel % lanes] =
                        input[(channel * inputSize.height + y) * inputSize.width + x]
                }
            }
        }
        return arranged
    }

    private func pack(_ kernels: KernelSet) -> PackedWeights {
        switch kind {
        case .blocked:
            Packing.convolution(
                weights,
                order,
                inputs: inputs,
                height: kernel.height,
                width: kernel.width,
                for: kernels
            )
        case .planar:
            Packing.planar(
                weights,
                order,
                inputs: inputs,
                height: kernel.height,
                width: kernel.width,
                for: kernels
            )
        case .planes:
            Packing.planes(
                weights,
                outputs: outputs,
                inputs: inputs,
                height: kernel.height,
                width: kernel.width
            )
        case .depthwise:
            Packing.planes(
                weights,
                outputs: outputs,
                inputs: 1,
                height: kernel.height,
                width: kernel.width
            )
        }
    }
}
