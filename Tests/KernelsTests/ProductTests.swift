import Compute
import KernelInterface
import TestSupport
import Testing

/// A product of two matrices that lie anyhow.
private struct ProductCase {
    let geometry: ProductGeometry
    let left: [Float]
    let right: [Float]
    /// nil if there is none.
    let addend: [Float]?

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func size(_ most: Int) -> Int {
            Bool.random(using: &random)
                ? Int.random(in: 1...most, using: &random)
                : Int.random(in: 1...9, using: &random)
        }
        let (rows, inner, columns) = (size(70), size(60), size(150))
        // Row-major, column-major, or strewn.
        func strides(_ first: Int, _ second: Int) -> (Int, Int) {
            switch Int.random(in: 0...2, using: &random) {
            case 0: (second, 1)
            case 1: (1, first)
            default: (2 * second + 3, 2)
            }
        }
        let (a, b) = (strides(rows, inner), strides(inner, columns))
        let hasAddend = Bool.random(using: &random)
        let repeats = (Bool.random(using: &random), Bool.random(using: &random))
        geometry = ProductGeometry(
            rows: rows,
            inner: inner,
            columns: columns,
            leftRow: a.0,
            leftInner: a.1,
            rightInner: b.0,
            rightColumn: b.1,
            resultRow: columns,
            alpha: hasAddend ? 0.5 : 1,
            beta: 2,
            addendRow: repeats.0 ? 0 : columns,
            addendColumn: repeats.1 ? 0 : 1,
            isPacked: 0
        )
        left = random.floats((rows - 1) * a.0 + (inner - 1) * a.1 + 1)
        right = random.floats((inner - 1) * b.0 + (columns - 1) * b.1 + 1)
        addend = hasAddend ? random.floats(rows * columns) : nil
    }

    var expected: [Reference] {
        (0..<geometry.rows * geometry.columns).map { place in
            let (row, column) = (place / geometry.columns, place % geometry.columns)
            var sum = Reference(0)
            if let addend {
                let value =
                    addend[row * geometry.addendRow + column * geometry.addendColumn]
                sum.add(Double(value) * Double(geometry.beta))
            }
            for k in 0..<geometry.inner {
                let x = left[row * geometry.leftRow + k * geometry.leftInner]
                let y = right[k * geometry.rightInner + column * geometry.rightColumn]
                sum.add(Double(x) * Double(y) * Double(geometry.alpha))
            }
            return sum
        }
    }

    /// By parts of so many rows and panels; the memory ends where the operands do.
    func run(
        _ kernels: KernelSet,
        rows: Int,
        panels: Int,
        packsAhead: Bool = false
    ) -> [Float] {
        let memory = TestMemory()
        defer { memory.release() }
        let a = memory.floats(left)
        var (b, geometry) = (memory.floats(right), geometry)
        if packsAhead {
            let columns = (geometry.columns + 15) / 16 * 16
            let packed = memory.floats(count: geometry.inner * columns)
            kernels.table.packMatrix(&geometry, b.start, packed.start)
            #expect(packed.isIntact)
            (b, geometry.isPacked) = (packed, 1)
        }
        let c = addend.map { memory.floats($0) }
        let width = kernels.panelWidth
        let panel = memory.floats(count: geometry.inner * width)
        let result = memory.floats(count: geometry.rows * geometry.columns)
        for row in stride(from: 0, to: geometry.rows, by: rows) {
            for column in stride(from: 0, to: geometry.columns, by: panels * width) {
                kernels.table.multiplyMatrices(
                    &geometry,
                    a.start,
                    b.start,
                    c?.start,
                    panel.start,
                    result.start,
                    row,
                    min(row + rows, geometry.rows),
                    column,
                    min(column + panels * width, geometry.columns)
                )
            }
        }
        #expect(result.isIntact && panel.isIntact)
        return result.values
    }
}

@Suite struct ProductTests {
    @Test(arguments: KernelSet.supported, Seeds.first(150))
    func `products of computed matrices equal their definition`(kernels: KernelSet, seed: UInt64) {
        let testCase = ProductCase(seed: seed)
        expectClose(
            testCase.run(kernels, rows: 1000, panels: 1000),
            testCase.expected,
            "\(kernels.name), seed \(seed), \(testCase.geometry)"
        )
    }

    @Test(arguments: KernelSet.supported, Seeds.first(40))
    func `the bits do not depend on the parts`(kernels: KernelSet, seed: UInt64) {
        let testCase = ProductCase(seed: seed)
        let whole = testCase.run(kernels, rows: 1000, panels: 1000)
        for (rows, panels) in [(1, 1), (2, 1000), (5, 2), (13, 1), (1000, 1)] {
            expectIdentical(
                testCase.run(kernels, rows: rows, panels: panels),
                whole,
                "\(kernels.name), seed \(seed), by \(rows) rows and \(panels) panels"
            )
            expectIdentical(
                testCase.run(kernels, rows: rows, panels: panels, packsAhead: true),
                whole,
                "\(kernels.name), seed \(seed), packed ahead, by \(rows) rows"
            )
        }
    }
}
