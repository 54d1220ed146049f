import KernelInterface

/// G g Gt of sixteen kernels, in double precision: the same bits whatever the processor.
func winogradKernels(_ size: Int, _ taps: Floats, _ values: MutableFloats) {
    striate_winograd_kernels(size, taps, values)
}
