import Compute
import Graph

extension PlanBuilder {
    /// Bytes of uint8, and the scale and zero point that hold the input's range and 0.
    mutating func dynamicallyQuantized(_ node: Node, _ input: ValueID) throws(ModelError) {
        let source = try value(input, as: .dense)
        let shape = shape(of: source)
        func name(_ index: Int) -> String {
            index < node.outputs.count ? node.outputs[index] : ""
        }
        let bytes = try define(name(0), shape, .dense, type: .uint8)
        let scale = try define(name(1), [], .dense)
        let zero = try define(name(2), [], .dense, type: .uint8)
        let stretches = Stretches(shape.count)
        let bounds = try scratch(2 * stretches.chunks)
        let kernels = kernels
        step("range", chunks: stretches.chunks, reads: [source], writes: [bounds]) { placement in
            let (from, to) = (placement[source], placement[bounds])
            return { arena, chunk in
                let part = stretches[chunk]
                let range = kernels.range(
                    of: from.position(in: arena) + part.lowerBound,
                    count: part.count,
                    widening: 0...0
                )
                let place = to.position(in: arena)
                place[2 * chunk] = range.lowerBound
                place[2 * chunk + 1] = range.upperBound
            }
        }
        step("scale", chunks: 1, reads: [bounds], writes: [scale, zero]) { placement in
            let (from, factor, offset) = (placement[bounds], placement[scale], placement[zero])
            return { arena, _ in
                let place = from.position(in: arena)
                var (low, high): (Float, Float) = (0, 0)
                for chunk in 0..<stretches.chunks {
                    low = min(low, place[2 * chunk])
                    high = max(high, place[2 * chunk + 1])
                }
                let steps = QuantizationSteps(holding: low...high)
                factor.position(in: arena)[0] = steps.scale
                offset.position(in: arena).bytes[byte: 0] = UInt8(truncatingIfNeeded: steps.zero)
            }
        }
        step(
            node.name,
            chunks: stretches.chunks,
            reads: [source, scale, zero],
            writes: [bytes]
        ) { placement in
            let (from, to) = (placement[source], placement[bytes])
            let (factor, offset) = (placement[scale], placement[zero])
            return { arena, chunk in
                let part = stretches[chunk]
                kernels.quantize(
                    from.position(in: arena) + part.lowerBound,
                    QuantizationSteps(
                        scale: factor.position(in: arena)[0],
                        zero: Int(offset.position(in: arena).bytes[byte: 0])
                    ),
                    range: 0...255,
                    into: to.position(in: arena).bytes + part.lowerBound,
                    count: part.count
                )
            }
        }
    }
}

extension QuantizationSteps {
    /// 255 steps from the lower to the upper bound, which hold 0; of nothing but 0, of size 1.
    init(holding range: ClosedRange<Float>) {
        let (low, high) = (range.lowerBound, range.upperBound)
        let scale = high == low ? 1 : (high - low) / 255
        let zero = min(max(-low / scale, 0), 255).rounded(.toNearestOrEven)
        self.init(scale: scale, zero: zero.isNaN ? 0 : Int(zero))
    }
}
