import Compute
import Graph

/// The largest number of each window, and where in the whole input it is, as MaxUnpool wants to know.
struct PlacedMaximum {
    let node: Node
    let windows: WindowAttributes

    /// Elements of all windows: a second or two of a core.
    private static let most = 0x1p29
    /// Windows along an axis, whose places are listed.
    private static let mostWindows = 1 << 16

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let shape = plan.shape(of: source)
        guard shape.rank >= 3, shape.count > 0 else {
            throw .shape(node: node.name, reason: "\(shape) has no windows")
        }
        let volume = WindowVolume(
            try windows.axes(
                plan.shapeOperands(node, sources: 1),
                input: shape.dimensions,
                kernel: windows.kernel ?? []
            )
        )
        let result = Shape(Array(shape.dimensions[..<2]) + volume.outputShape)
        guard result.count > 0, volume.outputShape.allSatisfy({ $0 <= Self.mostWindows }),
            Double(shape[0] * shape[1]) * volume.work < Self.most
        else {
            throw .shape(node: node.name, reason: "its windows have too many elements for one step")
        }
        let largest = try plan.define(node.outputs[0], result, .dense)
        let found = try plan.define(node.outputs[1], result, .dense, type: .int64)
        let places = (volume.depth.sources, volume.height.sources, volume.width.sources)
        plan.step(
            node.name,
            chunks: shape[0] * shape[1],
            reads: [source],
            writes: [largest, found],
            isExact: true
        ) { placement in
            let (from, to, at) = (placement[source], placement[largest], placement[found])
            return { arena, plane in
                let x = from.position(in: arena) + plane * volume.inputs
                let y = to.position(in: arena) + plane * volume.outputs
                let indices = at.position(in: arena).bytes + plane * volume.outputs * 8
                indices.withMutableIntegers(count: volume.outputs) { indices in
                    volume.forEachWindow { output, window in
                        let (depths, rows, columns) = (
                            places.0[window.0], places.1[window.1], places.2[window.2]
                        )
                        var (best, place) = (-Float.infinity, 0)
                        for depth in depths {
                            for row in rows {
                                let line = (depth * volume.height.input + row) * volume.width.input
                                for column in columns {
                                    let value = x[line + column]
                                    guard value > best || value.isNaN else { continue }
                                    best = value
                                    place = plane * volume.inputs + line + column
                                }
                            }
                        }
                        y[output] = best
                        indices[output] = place
                    }
                }
            }
        }
    }
}

extension WindowAxis {
    /// The input's indices that each window reads.
    fileprivate var sources: [StrideTo<Int>] {
        (0..<output).map { window in
            let taps = taps(window)
            let (first, end) = (source(window, taps.lowerBound), source(window, taps.upperBound))
            return Swift.stride(from: first, to: end, by: dilation)
        }
    }
}
