/// Independent multiply-adds that never leave the registers: what one core can do at most.
///
/// `sink` holds 16 floats: the factor and the addend of every chain first; it receives a result.
func peak(_ iterations: Int, _ sink: MutableFloats) -> Int {
    #if KERNEL_AVX512
    run(PeakChains<2, 8>.self, iterations, sink)
    #elseif KERNEL_FMA || arch(arm64)
    run(PeakChains<1, 6>.self, iterations, sink)
    #else
    run(PeakChains<1, 3>.self, iterations, sink)
    #endif
}

/// G · R vectors under way.
private struct PeakChains<let G: Int, let R: Int> {}

@_transparent
private func run<let G: Int, let R: Int>(
    _: PeakChains<G, R>.Type,
    _ iterations: Int,
    _ sink: MutableFloats
) -> Int {
    // One number each, so that they share a register where a Vector takes several.
    let factor = splat(sink[0])
    let addend = splat(sink[1])
    var chains = InlineArray<G, InlineArray<R, Vector>>(repeating: .init(repeating: factor))
    for _ in 0..<iterations {
        for _ in 0..<4 {
            for g in 0..<G {
                for r in 0..<R {
                    #if arch(arm64)
                    // fmla adds to its target: the chain is the addend, or a copy is made of it.
                    chains[g][r] = multiplyAdd(chains[g][r], addend, factor)
                    #else
                    chains[g][r] = multiplyAdd(addend, chains[g][r], factor)
                    #endif
                }
            }
        }
    }
    var total = Vector()
    for g in 0..<G {
        for r in 0..<R { total += chains[g][r] }
    }
    store(total, sink)
    return iterations &* 4 &* G &* R &* 16
}
