public import KernelInterface

/// The k best of some numbers, `stride` elements apart, the best first; of equals the first.
public struct TopRanking: Sendable {
    private let count: Int
    private let stride: Int
    private let k: Int
    private let takesLargest: Bool

    public init(count: Int, stride: Int, k: Int, _ takesLargest: Bool) {
        self.count = count
        self.stride = stride
        self.k = k
        self.takesLargest = takesLargest
    }

    /// Writes the k best and their places; `heap` has room for k numbers of 64 bits.
    public func rank(
        _ kind: ElementKind,
        _ source: BytePosition,
        heap: BytePosition,
        values: BytePosition,
        indices: BytePosition
    ) {
        // Here, where the compiler makes a function of its own for each type.
        switch kind {
        case .int64: rank(Int.self, source, heap: heap, values: values, indices: indices)
        case .int32: rank(Int32.self, source, heap: heap, values: values, indices: indices)
        default: rank(Float.self, source, heap: heap, values: values, indices: indices)
        }
    }

    /// The heap holds places, the worst of those found so far at its top.
    private func rank<Value: Comparable & BitwiseCopyable>(
        _ type: Value.Type,
        _ source: BytePosition,
        heap: BytePosition,
        values: BytePosition,
        indices: BytePosition
    ) {
        // SAFETY: the plan that holds this sized all of the memory.
        let x = unsafe source.pointer.assumingMemoryBound(to: type)
        let target = unsafe values.pointer.assumingMemoryBound(to: type)
        func isWorse(_ first: Int, _ second: Int) -> Bool {
            let (a, b) = unsafe (x[first * stride], x[second * stride])
            if a == b { return first > second }
            return takesLargest ? a < b : a > b
        }
        var size = 0
        for place in 0..<count {
            if size < k {
                heap[integer: size] = place
                size += 1
                raise(size - 1, heap, isWorse)
            } else if isWorse(heap[integer: 0], place) {
                heap[integer: 0] = place
                sink(0, size, heap, by: isWorse)
            }
        }
        while size > 0 {
            size -= 1
            let worst = heap[integer: 0]
            indices[integer: size * stride] = worst
            unsafe target[size * stride] = x[worst * stride]
            heap[integer: 0] = heap[integer: size]
            sink(0, size, heap, by: isWorse)
        }
    }

    private func raise(_ start: Int, _ heap: BytePosition, _ isWorse: (Int, Int) -> Bool) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard isWorse(heap[integer: child], heap[integer: parent]) else { return }
            let moved = heap[integer: child]
            heap[integer: child] = heap[integer: parent]
            heap[integer: parent] = moved
            child = parent
        }
    }

    private func sink(
        _ start: Int,
        _ size: Int,
        _ heap: BytePosition,
        by isWorse: (Int, Int) -> Bool
    ) {
        var parent = start
        while 2 * parent + 1 < size {
            var child = 2 * parent + 1
            if child + 1 < size, isWorse(heap[integer: child + 1], heap[integer: child]) {
                child += 1
            }
            guard isWorse(heap[integer: child], heap[integer: parent]) else { return }
            let moved = heap[integer: child]
            heap[integer: child] = heap[integer: parent]
            heap[integer: parent] = moved
            parent = child
        }
    }
}

/// Running sums or products of numbers that lie `stride` elements apart.
public struct RunningSums: Sendable {
    private let count: Int
    private let stride: Int
    private let isProduct: Bool
    private let isExclusive: Bool
    private let isReversed: Bool

    public init(
        count: Int,
        stride: Int,
        isProduct: Bool,
        isExclusive: Bool,
        isReversed: Bool
    ) {
        self.count = count
        self.stride = stride
        self.isProduct = isProduct
        self.isExclusive = isExclusive
        self.isReversed = isReversed
    }

    /// Of floats in double precision, of integers wrapping.
    public func run(_ kind: ElementKind, _ source: BytePosition, _ target: BytePosition) {
        switch kind {
        case .int64: run(Int.self, source, target)
        case .int32: run(Int32.self, source, target)
        default: runFloats(source, target)
        }
    }

    private func run<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type,
        _ source: BytePosition,
        _ target: BytePosition
    ) {
        // SAFETY: the plan that holds this sized all of the memory.
        let x = unsafe source.pointer.assumingMemoryBound(to: type)
        let y = unsafe target.pointer.assumingMemoryBound(to: type)
        var total: Value = isProduct ? 1 : 0
        for index in 0..<count {
            let place = (isReversed ? count - 1 - index : index) * stride
            let before = total
            total = unsafe isProduct ? total &* x[place] : total &+ x[place]
            unsafe y[place] = isExclusive ? before : total
        }
    }

    private func runFloats(_ source: BytePosition, _ target: BytePosition) {
        let (x, y) = (source.floats, target.floats)
        var total: Double = isProduct ? 1 : 0
        for index in 0..<count {
            let place = (isReversed ? count - 1 - index : index) * stride
            let before = total
            total = isProduct ? total * Double(x[place]) : total + Double(x[place])
            y[place] = Float(isExclusive ? before : total)
        }
    }
}
