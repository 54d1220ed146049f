import Compute
import KernelInterface
import TestSupport
import Testing

/// Kernels of lines and blocks of numbers beside the same in 64 bits.
@Suite struct LineTests {
    @Test(arguments: KernelSet.supported, Seeds.first(20))
    func `a row times lines is the sum of products, in the same bits for any of them`(
        kernels: KernelSet,
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let inner = Int.random(in: 1...130, using: &random)
        let columns = Int.random(in: 1...40, using: &random)
        let stride = inner + Int.random(in: 0...3, using: &random)
        let (row, matrix) = (random.floats(inner), random.floats((columns - 1) * stride + inner))
        let bias = random.floats(columns)
        let memory = TestMemory()
        defer { memory.release() }
        var geometry = ProductGeometry()
        (geometry.inner, geometry.columns, geometry.rows) = (inner, columns, 1)
        (geometry.alpha, geometry.beta, geometry.addendColumn) = (0.5, 2, 1)
        (geometry.leftInner, geometry.rightInner, geometry.rightColumn) = (1, 1, stride)
        let (x, w, c) = (memory.floats(row), memory.floats(matrix), memory.floats(bias))
        func product(_ first: Int, _ end: Int) -> [Float] {
            let y = memory.floats(count: columns)
            let lines = kernels.table.lines
            lines.multiplyLines(&geometry, x.start, w.start, c.start, y.start, first, end)
            #expect(y.isIntact)
            return Array(y.values[first..<end])
        }
        let all = product(0, columns)
        let expected = (0..<columns).map { column in
            var sum = Reference(2 * Double(bias[column]))
            for k in 0..<inner {
                sum.add(0.5 * Double(row[k]) * Double(matrix[column * stride + k]))
            }
            return sum
        }
        expectClose(all, expected, "\(inner) × \(columns), seed \(seed)")
        for _ in 0..<5 {
            let first = Int.random(in: 0..<columns, using: &random)
            let end = Int.random(in: first + 1...columns, using: &random)
            expectIdentical(product(first, end), Array(all[first..<end]), "\(first)..<\(end)")
        }
    }

    @Test(arguments: KernelSet.supported)
    func `all numbers of 16 bits are widened, and the nearest found again`(kernels: KernelSet) {
        let halves = (0...UInt16.max).map { Float16(bitPattern: $0) }
        for (half, wide) in zip(halves, kernels.widenHalves(halves)) {
            #expect(half.isNaN ? wide.isNaN : wide == Float(half), "\(half)")
        }
        var random = SeededGenerator(seed: 3)
        var numbers = (0..<100_003).map { _ in
            Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random))
        }
        numbers += random.floats(100_000, in: -70_000...70_000)
        numbers += random.floats(50_000, in: -0.0001...0.0001)
        numbers += halves.filter { $0.isFinite }.map { Float($0) + Float($0.ulp) / 2 }
        for (number, half) in zip(numbers, kernels.narrowHalves(numbers)) {
            #expect(number.isNaN ? half.isNaN : half == Float16(number), "\(number)")
        }
    }

    @Test(arguments: KernelSet.supported, Seeds.first(12))
    func `sums of weighed numbers at places leave out what has no place`(
        kernels: KernelSet,
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...60, using: &random)
        let taps = [1, 2, 3, 4, 16][Int.random(in: 0..<5, using: &random)]
        let stride = count + 5
        // What has no place must not be read: the first number is infinite.
        let line = [Float.infinity] + random.floats(40)
        let places = (0..<taps * stride).map { _ in
            Bool.random(using: &random) ? Int32.random(in: 1...40, using: &random) : -1
        }
        let weights = random.floats(taps * stride)
        let memory = TestMemory()
        defer { memory.release() }
        let (x, w, y) = (memory.floats(line), memory.floats(weights), memory.floats(count: count))
        kernels.table.lines.sampleLine(x.start, places, w.start, taps, stride, y.start, count)
        let expected = (0..<count).map { index in
            var sum = Reference(0)
            for tap in 0..<taps where places[tap * stride + index] >= 0 {
                let place = Int(places[tap * stride + index])
                sum.add(Double(weights[tap * stride + index]) * Double(line[place]))
            }
            return sum
        }
        expectClose(y.values, expected, "\(taps) taps of \(count), seed \(seed)")
        #expect(y.isIntact)
    }

    @Test(arguments: KernelSet.supported, Seeds.first(12))
    func `weighed lines are added, and lines are summed up as they run`(
        kernels: KernelSet,
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...12, using: &random)
        let inner = Int.random(in: 1...70, using: &random)
        let values = random.floats(count * inner)
        let weights = random.floats(count)
        let memory = TestMemory()
        defer { memory.release() }
        let (x, w) = (memory.floats(values), memory.floats(weights))
        let y = memory.floats(count: inner)
        let offsets = (0..<count).map { $0 * inner }
        kernels.table.lines.weighLines(x.start, offsets, w.start, count, y.start, inner)
        let expected = (0..<inner).map { column in
            var sum = Reference(0)
            for k in 0..<count { sum.add(Double(weights[k]) * Double(values[k * inner + column])) }
            return sum
        }
        expectClose(y.values, expected, "\(count) lines of \(inner), seed \(seed)")
        for (isProduct, isExclusive, isReversed) in [(0, 0, 0), (0, 1, 1), (1, 1, 0), (1, 0, 1)] {
            var geometry = RunningGeometry()
            (geometry.count, geometry.inner) = (count, inner)
            (geometry.isProduct, geometry.isExclusive) = (isProduct, isExclusive)
            geometry.isReversed = isReversed
            let z = memory.floats(count: count * inner)
            kernels.table.lines.cumulateColumns(&geometry, x.start, z.start, 0, inner)
            var running = [Float](repeating: .nan, count: count * inner)
            for column in 0..<inner {
                var total = isProduct == 1 ? 1.0 : 0
                for step in 0..<count {
                    let row = isReversed == 1 ? count - 1 - step : step
                    let next = Double(values[row * inner + column])
                    let after = isProduct == 1 ? total * next : total + next
                    running[row * inner + column] = Float(isExclusive == 1 ? total : after)
                    total = after
                }
            }
            expectIdentical(z.values, running, "\(isProduct) \(isExclusive) \(isReversed) \(seed)")
            #expect(z.isIntact)
        }
    }

    @Test(arguments: KernelSet.supported)
    func `channels are normalised together, each with its own scale and bias`(
        kernels: KernelSet
    ) {
        var random = SeededGenerator(seed: 8)
        // Sums are taken around the first number, wherever that lies.
        let sizes = [(1, 1), (3, 7), (2, 16), (4, 33), (1, 100), (2, 24)]
        for ((channels, plane), first) in zip(sizes + sizes, (0..<12).map { Float($0 / 6 * 1000) })
        {
            let memory = TestMemory()
            defer { memory.release() }
            var values = random.floats(channels * plane, in: 2...5)
            values[0] += first
            let (scale, bias) = (random.floats(channels), random.floats(channels))
            let (x, y) = (memory.floats(values), memory.floats(count: values.count))
            let (s, b) = (memory.floats(scale), memory.floats(bias))
            var geometry = NormalizationGeometry(
                count: values.count,
                epsilon: 1e-5,
                isCentred: 1
            )
            kernels.table.lines.normalizeGroup(
                &geometry,
                x.start,
                s.start,
                b.start,
                y.start,
                channels,
                plane
            )
            let numbers = values.map { Double($0) }
            let mean = numbers.reduce(0, +) / Double(numbers.count)
            let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let factor = 1 / (squares / Double(numbers.count) + 1e-5).squareRoot()
            let expected = numbers.indices.map { index in
                let channel = index / plane
                let value = (numbers[index] - mean) * factor * Double(scale[channel])
                return Reference(value + Double(bias[channel]), magnitude: 10)
            }
            expectClose(y.values, expected, "\(channels) × \(plane)")
            #expect(y.isIntact)
        }
    }
}
