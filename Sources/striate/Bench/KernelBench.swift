import Texts
import Compute
import KernelInterface

/// Single kernels on one core beside the core's measured multiply–add peak.
struct KernelBench {
    let kernels: KernelSet
    let rounds: Int

    /// A layer to measure: output-channel blocks over a prepared memory.
    struct Contender {
        let name: String
        let multiplyAdds: Int
        /// Reads as many bytes as the layer has weights, for layers that are bound by that.
        var reading: (() -> Void)?
        var isInteger = false
        let work: () -> Void

        /// Runs per sample: short kernels are measured warm, over about half a millisecond.
        var repeats: Int { max(1, 60_000_000 / multiplyAdds) }
    }

    func run() {
        let contenders = layers() + integerLayers()
        let peakRounds = 200_000
        let sink = FloatStorage(count: 16)
        var (peakOperations, integerOperations) = (0, 0)
        var all: [(name: String, work: () throws -> Void)] = [
            ("peak", { peakOperations = kernels.peak(peakRounds, sink: sink.start) }),
            (
                "integer peak",
                { integerOperations = kernels.integerPeak(peakRounds, sink: sink.start) }
            ),
        ]
        all += contenders.map { contender in
            (contender.name, { for _ in 0..<contender.repeats { contender.work() } })
        }
        all += contenders.compactMap { contender in
            contender.reading.map { reading in
                ("\(contender.name), reading", { for _ in 0..<contender.repeats { reading() } })
            }
        }
        // The contenders throw nothing.
        guard let times = try? interleaved(rounds: rounds, all), let peak = times["peak"],
            let integerPeak = times["integer peak"]
        else { return }
        let best = Double(peakOperations) / peak.minimum / 1e9
        let bestOfIntegers = Double(integerOperations) / integerPeak.minimum / 1e9
        print(
            "\(kernels.name): peak of one core \(fixed(2 * best, 1)) GFLOP/s, of bytes "
                + "\(fixed(2 * bestOfIntegers, 1)) GOP/s"
        )
        for contender in contenders {
            guard let samples = times[contender.name] else { continue }
            report(
                contender,
                samples,
                best: contender.isInteger ? bestOfIntegers : best,
                times["\(contender.name), reading"]
            )
        }
    }

    private func report(
        _ contender: Contender,
        _ samples: Samples,
        best: Double,
        _ reading: Samples?
    ) {
        let work = Double(contender.multiplyAdds * contender.repeats)
        let rate = work / samples.minimum / 1e9
        let median = work / samples.median / 1e9
        let microseconds = samples.minimum * 1e6 / Double(contender.repeats)
        var line =
            "  " + column(contender.name, 32)
            + column(fixed(microseconds, 2), 10, right: true) + " µs"
            + column(fixed(2 * rate, 1), 9, right: true)
            + (contender.isInteger ? " GOP/s  " : " GFLOP/s")
        if let reading {
            line +=
                column(fixed(100 * reading.minimum / samples.minimum, 1), 7, right: true)
                + " % of reading its weights (median "
                + fixed(100 * reading.median / samples.median, 1) + " %)"
        } else {
            line +=
                column(fixed(100 * rate / best, 1), 7, right: true) + " % of peak (median "
                + fixed(100 * median / best, 1) + " %)"
        }
        print(line)
    }

    private func layers() -> [Contender] {
        [
            convolution("conv 3×3 64→64 56×56", inputs: 64, outputs: 64, side: 56, kernel: 3),
            convolution("conv 3×3 128→128 28×28", inputs: 128, outputs: 128, side: 28, kernel: 3),
            convolution("conv 1×1 256→256 14×14", inputs: 256, outputs: 256, side: 14, kernel: 1),
            planar("conv 5×5 1→32 28×28 (planar)", outputs: 32, side: 28, kernel: 5),
            tiled("tiled 3×3, t = 2, 64→64 56×56", channels: 64, side: 56),
            local("local 3×3 16→16 28×28", channels: 16, side: 28),
            local("local 3×3 64→64 7×7", channels: 64, side: 7),
            connected("LeNet-5 table, 5×5 6→16 28×28", side: 28),
            product("dense 512→512, one row", inputs: 512, outputs: 512, points: 1),
            product("dense 512→512, 32 rows", inputs: 512, outputs: 512, points: 32),
            recurrent("RNN step, 128 units", .RNN, gates: 1, hidden: 128),
            recurrent("RNN step, 384 units", .RNN, gates: 1, hidden: 384),
            recurrent("LSTM step, 256 units", .LSTM, gates: 4, hidden: 256),
        ]
    }

    /// A same-padded convolution in the blocked layout, halo included.
    private func convolution(
        _ name: String,
        inputs: Int,
        outputs: Int,
        side: Int,
        kernel: Int
    ) -> Contender {
        let padded = side + kernel - 1
        let order = OutputOrder.plain(outputs)
        let geometry = geometry(
            inputBlocks: blocks(of: inputs),
            input: ImageStrides(plane: padded * padded * 16, row: padded * 16),
            kernel: kernel,
            height: side,
            width: side
        )
        let weights = Packing.convolution(
            Self.numbers(outputs * inputs * kernel * kernel),
            order,
            inputs: inputs,
            height: kernel,
            width: kernel,
            for: kernels
        )
        return contender(
            name,
            .blocked,
            geometry,
            weights: weights,
            order: order,
            sums: inputs * kernel * kernel
        )
    }

    /// The first layer of a network: one plane in, blocks out.
    private func planar(_ name: String, outputs: Int, side: Int, kernel: Int) -> Contender {
        let padded = side + kernel - 1
        let order = OutputOrder.plain(outputs)
        let geometry = geometry(
            inputBlocks: 1,
            input: ImageStrides(plane: padded * padded, row: padded),
            kernel: kernel,
            height: side,
            width: side
        )
        let weights = Packing.planar(
            Self.numbers(outputs * kernel * kernel),
            order,
            inputs: 1,
            height: kernel,
            width: kernel,
            for: kernels
        )
        return contender(
            name,
            .planar,
            geometry,
            weights: weights,
            order: order,
            sums: kernel * kernel
        )
    }

    /// A connected layer: a 1×1 convolution whose pixels are the rows.
    private func product(_ name: String, inputs: Int, outputs: Int, points: Int) -> Contender {
        let order = OutputOrder.plain(outputs)
        let geometry = geometry(
            inputBlocks: blocks(of: inputs),
            input: ImageStrides(plane: points * 16, row: points * 16),
            kernel: 1,
            height: 1,
            width: points
        )
        let weights = Packing.dense(
            Self.numbers(inputs * outputs),
            order,
            inputs: inputs,
            outputs: outputs,
            isInputMajor: false,
            for: kernels
        )
        return contender(name, .blocked, geometry, weights: weights, order: order, sums: inputs)
    }

    func geometry(
        inputBlocks: Int,
        input: ImageStrides,
        kernel: Int,
        height: Int,
        width: Int
    ) -> ConvolutionGeometry {
        ConvolutionGeometry(
            inputBlocks: inputBlocks,
            lastLanes: 16,
            inputPlane: input.plane,
            inputRow: input.row,
            kernelHeight: kernel,
            kernelWidth: kernel,
            strideHeight: 1,
            strideWidth: 1,
            dilationHeight: 1,
            dilationWidth: 1,
            outputHeight: height,
            outputWidth: width,
            outputPlane: height * width * 16,
            outputRow: width * 16,
            outputColumn: 16,
            activation: .none,
            floor: -.infinity,
            ceiling: .infinity,
            addendPlane: 0,
            addendRow: 0,
            halfBlock: -1,
            image: ImageBounds()
        )
    }

    /// Memory for a convolution kernel and the work on it; `sums` terms make an output.
    private func contender(
        _ name: String,
        _ kernel: ConvolutionKernel,
        _ geometry: ConvolutionGeometry,
        weights: PackedWeights,
        order: OutputOrder,
        sums: Int
    ) -> Contender {
        let pixels = geometry.outputHeight * geometry.outputWidth
        let bias = Packing.vector(Self.numbers(order.blocks * 16), order)
        let input = FloatStorage(Self.numbers(geometry.inputBlocks * geometry.inputPlane))
        let output = FloatStorage(count: order.blocks * geometry.outputPlane)
        return Contender(name: name, multiplyAdds: order.blocks * 16 * sums * pixels) {
            kernels.convolve(
                kernel,
                geometry,
                input: input.start,
                weights: weights.start,
                bias: bias.start,
                output: output.start,
                blocks: 0..<order.blocks
            )
        }
    }

    /// The recurrent half of one time step of one sequence, cell included.
    private func recurrent(
        _ name: String,
        _ cell: RecurrentCell,
        gates: Int,
        hidden: Int
    ) -> Contender {
        let geometry = RecurrentGeometry(
            cell: cell,
            hidden: hidden,
            batch: 1,
            productPlane: 16,
            previousPlane: 16,
            hiddenPlane: 16,
            statePlane: 16,
            activation: .tanh
        )
        let scale: Float = 1 / 32
        let weights = Packing.recurrent(
            Self.numbers(gates * hidden * hidden).map { $0 * scale },
            gates: gates,
            hidden: hidden
        )
        let product = FloatStorage(Self.numbers(gates * hidden))
        let previous = FloatStorage(Self.numbers(hidden))
        let state = FloatStorage(Self.numbers(hidden))
        let output = FloatStorage(count: hidden)
        return Contender(name: name, multiplyAdds: gates * hidden * hidden) {
            kernels.recur(
                geometry,
                product: product.start,
                previous: previous.start,
                weights: weights.start,
                bias: previous.start,
                states: (state.start, state.start, state.start),
                hidden: output.start,
                blocks: 0..<hidden / 16
            )
        }
    }

    /// Small numbers without denormals, the same in every run.
    static func numbers(_ count: Int) -> [Float] {
        (0..<count).map { Float($0 &* 7919 % 1024) / 512 - 1 }
    }
}
