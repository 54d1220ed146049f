import KernelInterface

/// The kernels for elements of several types.
var typedKernels: TypedKernels {
    TypedKernels(
        compare: compareElements,
        join: joinIntegers,
        map: mapIntegers,
        classify: classify,
        select: selectElements,
        convert: convertElements,
        fold: foldIntegers,
        reduceRows: reduceRows,
        reduceColumns: reduceColumns,
        softmaxColumns: softmaxColumns,
        normalizeRows: normalizeRows,
        findExtremes: findExtremes,
        transpose: transposeMatrix
    )
}

/// The bytes as elements of a type.
@_transparent
func elements<Value>(_ bytes: UnsafeRawPointer, _ type: Value.Type) -> UnsafePointer<Value> {
    bytes.assumingMemoryBound(to: type)
}

@_transparent
func elements<Value>(
    _ bytes: UnsafeMutableRawPointer,
    _ type: Value.Type
) -> UnsafeMutablePointer<Value> {
    bytes.assumingMemoryBound(to: type)
}
