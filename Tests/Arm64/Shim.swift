public import KernelInterface

/// The kernels' table for callers in C, whose names of Swift's own functions would be mangled.
@_cdecl("striate_kernel_table")
public func kernelTable(_ table: UnsafeMutablePointer<KernelTable>) {
    table.pointee = makeKernelTable()
}
