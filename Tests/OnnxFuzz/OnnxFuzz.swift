import Compute
import Foundation

@testable import Engine
@testable import Graph
@testable import Onnx

private typealias Target = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<Arguments?>,
    _ target: Target
) -> CInt

/// Where the package manager has an executable's main function.
@_cdecl("onnx_fuzz_main")
public func main(
    _ count: CInt,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var count = count
    var arguments = unsafe arguments
    return unsafe runFuzzer(&count, &arguments, testOneInput)
}

private let tools: IslandTools? = (try? KernelSet.select(nil)).map { kernels in
    IslandTools(kernels: kernels, workers: Workers(count: 1), memoryLimit: 1 << 24)
}

/// What libFuzzer calls with every input: an ONNX file is an error, or a model that computes or says why not.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` bytes.
    let bytes = unsafe Data(UnsafeBufferPointer(start: start, count: count))
    guard let tools else { return 0 }
    let end = ContinuousClock.now + .milliseconds(500)
    do throws(ModelError) {
        let executor = try GraphExecutor(
            importing: OnnxFile.decode(bytes),
            tools: tools.forAnotherGraph
        )
        var inputs: [String: Tensor] = [:]
        for port in executor.graph.inputs {
            let shape = Shape(port.dimensions.map { min($0 ?? 2, 4) })
            inputs[port.name] = Tensor(shape: shape, elements: .zeros(shape.count, port.type))
        }
        _ = try executor.run(
            inputs,
            outputs: executor.graph.outputs,
            isCancelled: { ContinuousClock.now > end }
        )
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}
