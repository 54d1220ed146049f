import Compute
import Foundation
import KernelInterface
import TestSupport
import Testing

/// A kernel of one number's function beside the same in 64 bits.
struct FunctionCase: CustomTestStringConvertible, Sendable {
    let name: String
    let function: UnaryFunction
    var a: Float = 0
    var b: Float = 0
    let reference: @Sendable (Double) -> Double

    var testDescription: String { name }

    init(
        _ name: String,
        _ function: UnaryFunction,
        _ a: Float = 0,
        _ b: Float = 0,
        _ reference: @escaping @Sendable (Double) -> Double
    ) {
        (self.name, self.function, self.a, self.b) = (name, function, a, b)
        self.reference = reference
    }

    static let smooth: [FunctionCase] = [
        FunctionCase("exp", .exp) { exp($0) },
        FunctionCase("log", .log) { log($0) },
        FunctionCase("erf", .erf) { erf($0) },
        FunctionCase("sin", .sin) { sin($0) },
        FunctionCase("cos", .cos) { cos($0) },
        FunctionCase("tan", .tan) { tan($0) },
        FunctionCase("acos", .acos) { acos($0) },
        FunctionCase("acosh", .acosh) { acosh($0) },
        FunctionCase("asin", .asin) { asin($0) },
        FunctionCase("asinh", .asinh) { asinh($0) },
        FunctionCase("atan", .atan) { atan($0) },
        FunctionCase("atanh", .atanh) { atanh($0) },
        FunctionCase("cosh", .cosh) { cosh($0) },
        FunctionCase("sinh", .sinh) { sinh($0) },
        FunctionCase("softplus", .softplus) { softplus($0) },
        FunctionCase("softsign", .softsign) { $0 / (1 + abs($0)) },
        FunctionCase("elu", .elu, 1.25, 1) { $0 < 0 ? 1.25 * expm1($0) : $0 },
        FunctionCase("celu", .elu, 2, 0.5) { $0 < 0 ? 2 * expm1($0 / 2) : $0 },
        FunctionCase("selu", .selu, 1.75, 1.125) { $0 < 0 ? 1.75 * expm1($0) : 1.125 * $0 },
        FunctionCase("mish", .mish) { $0 * tanh(softplus($0)) },
        FunctionCase("gelu", .gelu) { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) },
        FunctionCase("gelu by tanh", .geluTanh) { x in
            x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        },
        FunctionCase("swish", .swish, 1) { $0 / (1 + exp(-$0)) },
        FunctionCase("swish 1.75", .swish, 1.75) { $0 / (1 + exp(-1.75 * $0)) },
        FunctionCase("hard swish", .hardSwish) { $0 * max(0, min(1, $0 / 6 + 0.5)) },
        FunctionCase("hard sigmoid", .hardSigmoid, 0.25, 0.5) { max(0, min(1, $0 / 4 + 0.5)) },
        FunctionCase("power 1.75", .power, 1.75) { pow($0, 1.75) },
        FunctionCase("power -2.5", .power, -2.5) { pow($0, -2.5) },
        FunctionCase("power 3", .power, 3) { $0 * $0 * $0 },
        FunctionCase("power 7", .power, 7) { pow($0, 7) },
        FunctionCase("power 0", .power, 0) { _ in 1 },
    ]

    /// Functions whose results are rounded at most once.
    static let exact: [FunctionCase] = [
        FunctionCase("leaky relu", .leakyRelu, 0.2) { $0 < 0 ? Double(Float(0.2)) * $0 : $0 },
        FunctionCase("thresholded relu", .thresholdedRelu, 1) { $0 > 1 ? $0 : 0 },
        FunctionCase("shrink", .shrink, 0.5, 0.25) {
            $0 < -0.5 ? $0 + 0.25 : $0 > 0.5 ? $0 - 0.25 : 0
        },
        FunctionCase("abs", .abs) { abs($0) },
        FunctionCase("neg", .neg) { -$0 },
        FunctionCase("sqrt", .sqrt) { $0.squareRoot() },
        FunctionCase("reciprocal", .reciprocal) { 1 / $0 },
        FunctionCase("floor", .floor) { $0.rounded(.down) },
        FunctionCase("ceil", .ceil) { $0.rounded(.up) },
        FunctionCase("round", .round) { $0.rounded(.toNearestOrEven) },
        FunctionCase("sign", .sign) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
        FunctionCase("square", .power, 2) { $0 * $0 },
        FunctionCase("root", .power, 0.5) { pow($0, 0.5) },
    ]

    private static func softplus(_ x: Double) -> Double {
        x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
    }
}

@Suite struct FunctionTests {
    /// Numbers of every size, those below the normal ones included, and more where functions bend.
    private static let samples: [Float] = {
        var random = SeededGenerator(seed: 11)
        let bits = (0..<40_000).map { _ in
            Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random))
        }
        let special: [Float] = [
            .nan, .infinity, -.infinity, 0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5,
            .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
            -.leastNonzeroMagnitude, .leastNormalMagnitude, 88.722839, 88.72284, -87.33655,
            -103.97208, 8_388_607.5, -8_388_607.5, 4_194_303.75, 16_777_216, 1e8, 3e8, 1e30,
        ]
        return random.floats(60_000, in: -20...20) + random.floats(20_000, in: -1...1)
            + random.floats(20_000, in: -150...150) + bits + special
    }()

    @Test(arguments: KernelSet.supported, FunctionCase.smooth)
    func `functions are within 2.5 ulp`(kernels: KernelSet, testCase: FunctionCase) {
        let worst = worst(kernels, testCase)
        #expect(worst.ulps <= 2.5, "\(testCase.name)(\(worst.x)) is \(worst.ulps) ulp off")
    }

    @Test(arguments: KernelSet.supported, FunctionCase.exact)
    func `functions of a few instructions are rounded once`(
        kernels: KernelSet,
        testCase: FunctionCase
    ) {
        let worst = worst(kernels, testCase)
        #expect(worst.ulps <= 0.5, "\(testCase.name)(\(worst.x)) is \(worst.ulps) ulp off")
    }

    @Test(arguments: KernelSet.supported)
    func `functions give the same at every place of any count, in place too`(kernels: KernelSet) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: 5)
        for testCase in FunctionCase.smooth + FunctionCase.exact {
            let x = random.floats(40, in: -9...9)
            let all = values(kernels, testCase, x)
            for count in [0, 1, 15, 16, 17, 33] {
                let y = memory.floats(Array(x.suffix(count)))
                let (a, b) = (testCase.a, testCase.b)
                kernels.table.apply(testCase.function, a, b, y.start, y.start, count)
                expectIdentical(y.values, Array(all.suffix(count)), testCase.name)
                #expect(y.isIntact)
            }
        }
    }

    private func values(
        _ kernels: KernelSet,
        _ testCase: FunctionCase,
        _ x: [Float]
    ) -> [Float] {
        let memory = TestMemory()
        defer { memory.release() }
        let (source, target) = (memory.floats(x), memory.floats(count: x.count))
        kernels.table.apply(
            testCase.function,
            testCase.a,
            testCase.b,
            source.start,
            target.start,
            x.count
        )
        return target.values
    }

    private func worst(
        _ kernels: KernelSet,
        _ testCase: FunctionCase
    ) -> (x: Float, ulps: Double) {
        let results = values(kernels, testCase, Self.samples)
        var worst: (x: Float, ulps: Double) = (0, 0)
        for (x, y) in zip(Self.samples, results) {
            // Signals of a NaN are no matter; it is left out where the definition makes a number of it.
            if x.isNaN, !testCase.reference(.nan).isNaN { continue }
            let error = distance(y, testCase.reference(Double(x)))
            if !(error <= worst.ulps) { worst = (x, error) }
        }
        return worst
    }
}

/// In units in the last place; 0 if the nearest float is met, be it infinite or not a number.
private func distance(_ actual: Float, _ exact: Double) -> Double {
    let nearest = Float(exact)
    if actual == nearest || actual.isNaN && nearest.isNaN { return 0 }
    // One of the two at the edge of what a float holds.
    if actual.isInfinite, exact.magnitude > 3.4028233e38 { return 1 }
    if nearest.isInfinite, actual.magnitude > 3.4028233e38 { return 1 }
    return ulps(actual, exact)
}

/// Kernels of two numbers beside the same in 64 bits, by all ways an operand may repeat.
@Suite struct PairTests {
    private static let operations: [(BinaryFunction, @Sendable (Double, Double) -> Double)] = [
        (.add, { $0 + $1 }), (.subtract, { $0 - $1 }), (.multiply, { $0 * $1 }),
        (.divide, { $0 / $1 }), (.maximum, { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }),
        (.minimum, { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }), (.power, { pow($0, $1) }),
        (.pRelu, { $0 < 0 ? $0 * $1 : $0 }), (.remainder, { fmod($0, $1) }),
    ]

    private static let specials: [Float] = [
        .nan, .infinity, -.infinity, 0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5,
        .leastNonzeroMagnitude, 1e38, -1e38,
        16_777_216, 16_777_215, 2.5,
    ]

    @Test(arguments: KernelSet.supported, [(1, 1), (1, 0), (0, 1), (0, 0)])
    func `arithmetic is rounded once, whatever repeats`(kernels: KernelSet, steps: (Int, Int)) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: 9)
        for (operation, reference) in Self.operations {
            for count in [0, 1, 7, 16, 45] {
                let (a, b) = (random.floats(max(count, 1)), random.floats(max(count, 1)))
                let target = memory.floats(count: count)
                kernels.table.join(
                    operation,
                    memory.floats(a).start,
                    steps.0,
                    memory.floats(b).start,
                    steps.1,
                    target.start,
                    count
                )
                for index in 0..<count {
                    let exact = reference(
                        Double(a[index * steps.0]),
                        Double(b[index * steps.1])
                    )
                    let error = distance(target[index], exact)
                    #expect(error <= 0.51, "\(operation) of \(a[index]) and \(b[index])")
                }
                #expect(target.isIntact)
            }
        }
    }

    @Test(arguments: KernelSet.supported)
    func `special numbers are combined as IEEE says`(kernels: KernelSet) {
        let memory = TestMemory()
        defer { memory.release() }
        let count = Self.specials.count
        let a = memory.floats(Self.specials.flatMap { x in Self.specials.map { _ in x } })
        let b = memory.floats(Self.specials.flatMap { _ in Self.specials })
        let target = memory.floats(count: count * count)
        for (operation, reference) in Self.operations {
            kernels.table.join(operation, a.start, 1, b.start, 1, target.start, count * count)
            for index in 0..<count * count {
                let exact = reference(Double(a[index]), Double(b[index]))
                let error = distance(target[index], exact)
                #expect(
                    error <= 0.51,
                    "\(operation) of \(a[index]) and \(b[index]): \(target[index]), \(exact)"
                )
            }
        }
    }
}
