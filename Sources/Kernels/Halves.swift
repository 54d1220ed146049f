import KernelInterface

/// float16 to float32.
func widenHalves(_ x: UnsafePointer<UInt16>, _ y: MutableFloats, _ count: Int) {
    var index = 0
    while index &+ 16 <= count {
        striate_widen_halves16(x + index, y + index)
        index &+= 16
    }
    guard index < count else { return }
    var halves = SIMD16<UInt16>()
    var result = Vector()
    for lane in 0..<16 where index &+ lane < count { halves[lane] = x[index &+ lane] }
    striate_widen_halves16(&halves, &result)
    store(result, y + index, count: count &- index)
}

/// float32 to float16: the nearest, ties to even.
func narrowHalves(_ x: Floats, _ y: UnsafeMutablePointer<UInt16>, _ count: Int) {
    var index = 0
    while index &+ 16 <= count {
        striate_narrow_halves16(x + index, y + index)
        index &+= 16
    }
    guard index < count else { return }
    var rest = load(x + index, count: count &- index)
    var halves = SIMD16<UInt16>()
    striate_narrow_halves16(&rest, &halves)
    for lane in 0..<16 where index &+ lane < count { y[index &+ lane] = halves[lane] }
}
