public import KernelInterface

/// The kernels of this module's instruction set.
public func makeKernelTable() -> KernelTable {
    KernelTable(
        name: name,
        blocksPerTile: TileChoice.packed,
        convolve: convolve,
        convolvePlanar: convolvePlanar,
        winogradKernels: winogradKernels,
        winogradInput: winogradInput,
        winogradOutput: winogradOutput,
        convolveDepthwise: convolveDepthwise,
        convolvePlanes: convolvePlanes,
        convolveSquares: convolveSquares,
        convolveLocal: convolveLocal,
        convolveLocalPlanar: convolveLocalPlanar,
        convolveChannels: convolveChannels,
        multiplyMatrices: multiplyMatrices,
        packMatrix: packMatrix,
        panelWidth: ProductChoice.panel &* 16,
        maxPool: maxPool,
        averagePool: averagePool,
        powerPool: powerPool,
        maxout: maxout,
        channelL2: channelL2,
        activate: activate,
        clip: clip,
        scaleShift: scaleShift,
        add: add,
        multiply: multiply,
        apply: apply,
        join: join,
        softmax: softmax,
        logSoftmax: logSoftmax,
        exponentials: exponentials,
        recur: recur,
        blockFromPlanar: blockFromPlanar,
        planarFromBlock: planarFromBlock,
        blockFromPoints: blockFromPoints,
        pointsFromBlock: pointsFromBlock,
        peak: peak,
        typed: typedKernels,
        lines: lineKernels
    )
}

private var name: UnsafePointer<CChar> {
    #if KERNEL_AVX512
    let text: StaticString = "avx512"
    #elseif KERNEL_FMA
    let text: StaticString = "avx2"
    #elseif arch(arm64)
    let text: StaticString = "neon"
    #else
    let text: StaticString = "baseline"
    #endif
    return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
