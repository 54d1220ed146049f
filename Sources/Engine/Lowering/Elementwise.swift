import Compute
import Graph

/// Arithmetic on two tensors with NumPy's broadcasting.
struct ElementwiseLowering {
    let node: Node
    let operation: FloatArithmetic

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let left = try plan.input(node, 0)
        let right = try plan.input(node, 1)
        let shapes = (plan.shape(of: left), plan.shape(of: right))
        if shapes.0 == shapes.1 {
            try same(left, right, into: &plan)
        } else if shapes.1.count == 1, shapes.1.rank <= shapes.0.rank, isHarmless(plan) {
            try scaled(left, by: right, into: &plan)
        } else if plan[left].layout == .blocked, operation.keepsZero,
            let vector = channels(shapes.1, of: shapes.0)
        {
            let right = try plan.alias("", of: plan.value(right, as: .dense), shape: vector)
            try channelwise(left, right, isSwapped: false, into: &plan)
        } else if plan[right].layout == .blocked, operation.keepsZero,
            let vector = channels(shapes.0, of: shapes.1)
        {
            let left = try plan.alias("", of: plan.value(left, as: .dense), shape: vector)
            try channelwise(right, left, isSwapped: true, into: &plan)
        } else {
            try broadcast(left, right, into: &plan)
        }
    }

    /// [N or 1, C, 1, 1] if an operand has one number for each channel of each image, or of all.
    private func channels(_ shape: Shape, of image: Shape) -> Shape? {
        guard image.rank == 4, shape.rank <= 4 else { return nil }
        let aligned = Shape(Array(repeating: 1, count: 4 - shape.rank) + shape.dimensions)
        let fits =
            aligned[1] == image[1] && aligned[2] == 1 && aligned[3] == 1
            && [1, image[0]].contains(aligned[0])
        return fits ? aligned : nil
    }

    /// Whether 0 combined with the right operand, a single number, is a finite number.
    private func isHarmless(_ plan: PlanBuilder) -> Bool {
        guard !operation.keepsZero else { return true }
        guard let number = plan.constant(node, 1)?.floats?.first else { return false }
        return operation == .divide ? number != 0 : number > 0
    }

    /// One number for all elements: in the layout the left operand has.
    private func scaled(
        _ left: ValueID,
        by right: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let output = try plan.define(
            node.outputs[0],
            plan.shape(of: left),
            plan[left].layout
        )
        let right = try plan.value(right, as: .dense)
        let (runs, kernels, operation) = (Runs(plan[left]), plan.kernels, operation.kernel)
        plan.step(
            node.name,
            chunks: runs.chunks,
            reads: [left, right],
            writes: [output],
            planes: runs.planes,
            isExact: true
        ) { placement in
            let (a, b, to) = (placement[left], placement[right], placement[output])
            return { arena, chunk in
                let (x, z) = (a.position(in: arena), to.position(in: arena))
                let number = b.position(in: arena)
                runs.forEach(in: chunk, of: arena, (a, to, to)) { offset, count in
                    kernels.join(
                        operation,
                        x + offset.0,
                        number,
                        into: z + offset.1,
                        count: count,
                        steps: (1, 0)
                    )
                }
            }
        }
    }

    /// Equal shapes: in the layout the left operand has.
    private func same(
        _ left: ValueID,
        _ right: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        // A quotient of what lies beside the channels would not be a number.
        let layout = operation.keepsZero ? plan[left].layout : .dense
        let left = try plan.value(left, as: layout)
        let right = try plan.value(right, as: layout)
        let output = try plan.define(node.outputs[0], plan.shape(of: left), layout)
        let runs = Runs(plan[left])
        let (kernels, operation) = (plan.kernels, operation.kernel)
        plan.step(
            node.name,
            chunks: runs.chunks,
            reads: [left, right],
            writes: [output],
            planes: runs.planes,
            isExact: true
        ) { placement in
            let (a, b, to) = (placement[left], placement[right], placement[output])
            return { arena, chunk in
                let first = a.position(in: arena)
                let second = b.position(in: arena)
                let result = to.position(in: arena)
                runs.forEach(in: chunk, of: arena, (a, b, to)) { offset, count in
                    kernels.join(
                        operation,
                        first + offset.0,
                        second + offset.1,
                        into: result + offset.2,
                        count: count,
                        steps: (1, 1)
                    )
                }
            }
        }
    }

    /// An image in blocks and one vector of 16 channels for each of its planes.
    private func channelwise(
        _ image: ValueID,
        _ vector: ValueID,
        isSwapped: Bool,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let vector = try plan.value(vector, as: .blocked)
        let shape = plan.shape(of: image)
        let isShared = plan.shape(of: vector)[0] == 1
        let output = try plan.define(node.outputs[0], shape, .blocked)
        let planes = PlaneChunks(
            images: shape[0],
            blocks: blocks(of: shape[1]),
            rows: shape[2]
        )
        let combine = Self.vectors(operation, isSwapped: isSwapped, plan.kernels)
        plan.step(
            node.name,
            chunks: planes.images * planes.blocks,
            reads: [image, vector],
            writes: [output],
            planes: planes,
            isExact: true
        ) { placement in
            let (a, b, to) = (placement[image], placement[vector], placement[output])
            return { arena, chunk in
                let (number, block) = (chunk / planes.blocks, chunk % planes.blocks)
                let places = (
                    number * a.image + block * a.plane,
                    (isShared ? 0 : number) * b.image + block * b.plane,
                    number * to.image + block * to.plane
                )
                let x = a.position(in: arena) + places.0
                let y = b.position(in: arena) + places.1
                let z = to.position(in: arena) + places.2
                for row in arena.rows ?? 0..<shape[2] {
                    combine(x + row * a.row, y, z + row * to.row, shape[3])
                }
            }
        }
    }

    private typealias Vectors =
        @Sendable (
            _ x: FloatPosition, _ y: FloatPosition, _ z: FloatPosition, _ count: Int
        ) -> Void

    /// Combines `count` vectors of 16 channels with one.
    private static func vectors(
        _ operation: FloatArithmetic,
        isSwapped: Bool,
        _ kernels: KernelSet
    ) -> Vectors {
        switch operation {
        case .add:
            let ones = FloatStorage([Float](repeating: 1, count: 16))
            return { kernels.scaleShift($0, scale: ones.start, shift: $1, into: $2, vectors: $3) }
        case .multiply:
            let zeros = FloatStorage(count: 16)
            return { kernels.scaleShift($0, scale: $1, shift: zeros.start, into: $2, vectors: $3) }
        default:
            return { x, y, z, count in
                for column in 0..<count {
                    let pixel = x + column * 16
                    kernels.join(
                        operation.kernel,
                        isSwapped ? y : pixel,
                        isSwapped ? pixel : y,
                        into: z + column * 16,
                        count: 16,
                        steps: (1, 1)
                    )
                }
            }
        }
    }

    /// Different shapes: row-major, along rows of the broadcast strides.
    private func broadcast(
        _ left: ValueID,
        _ right: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let left = try plan.value(left, as: .dense)
        let right = try plan.value(right, as: .dense)
        let shapes = (plan.shape(of: left), plan.shape(of: right))
        guard let shape = broadcastShape(shapes.0, shapes.1) else {
            throw .shape(node: node.name, reason: "\(shapes.0) and \(shapes.1) do not broadcast")
        }
        let output = try plan.define(node.outputs[0], shape, .dense)
        let walk = StrideWalk(
            broadcasting: shapes.0.dimensions,
            shapes.1.dimensions,
            to: shape.dimensions
        )
        let (kernels, operation) = (plan.kernels, operation.kernel)
        plan.step(
            node.name,
            chunks: walk.chunks,
            reads: [left, right],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (a, b, to) = (placement[left], placement[right], placement[output])
            return { arena, chunk in
                let (first, second) = (a.position(in: arena), b.position(in: arena))
                let result = to.position(in: arena)
                walk.forEachRow(in: walk.rows(ofChunk: chunk)) { row, x, y in
                    kernels.join(
                        operation,
                        first + x,
                        second + y,
                        into: result + row * walk.length,
                        count: walk.length,
                        steps: walk.steps
                    )
                }
            }
        }
    }
}
