import Compute
import Graph

/// Windows over volumes [N, C, D, H, W], made of those over images.
struct Volumes {
    let node: Node
    let shape: Shape
    /// Depth, height and width.
    let axes: [WindowAxis]

    /// Nil for what is no volume.
    ///
    /// - Throws: `execution` where windows do not fit.
    init?(
        _ node: Node,
        _ shape: Shape,
        _ windows: WindowAttributes,
        kernel: [Int]
    ) throws(ModelError) {
        guard shape.rank == 5, kernel.count == 3, shape.count > 0 else { return nil }
        let operands = Operands(node: node, tensors: [], context: .folding(memoryLimit: 1 << 40))
        axes = try windows.axes(operands, input: shape.dimensions, kernel: kernel)
        (self.node, self.shape) = (node, shape)
    }

    private var result: [Int] { axes.map(\.output) }

    /// A node over images of the axes' windows; its attributes beside them are this node's.
    private func images(_ axes: [WindowAxis], to output: String) -> Node {
        var node = node
        node.outputs = [output]
        node.attributes["auto_pad"] = nil
        node.attributes["kernel_shape"] = .ints(axes.map(\.kernel))
        node.attributes["strides"] = .ints(axes.map(\.stride))
        node.attributes["pads"] = .ints(axes.map(\.padBegin) + axes.map(\.padEnd))
        if node.attributes["dilations"] != nil {
            node.attributes["dilations"] = .ints(axes.map(\.dilation))
        }
        return node
    }

    /// Another shape of a dense value; its name.
    private func view(
        _ value: String,
        as shape: [Int],
        named name: String,
        in plan: inout PlanBuilder
    ) throws(ModelError) -> String {
        guard let id = plan.id(named: value) else {
            throw .shape(node: node.name, reason: "\(node.op) of volumes is not planned")
        }
        _ = try plan.alias(name, of: plan.value(id, as: .dense), shape: Shape(shape))
        return name
    }

    // MARK: Pooling

    /// Windows of images, then windows along the depth: the same as of both, for the largest, the mean and norms.
    func pool(into plan: inout PlanBuilder) throws(ModelError) {
        let name = node.outputs[0]
        let (images, channels, depth) = (shape[0], shape[1], shape[2])
        var flat = self.images(Array(axes[1...]), to: "\(name)/flat")
        flat.inputs = [
            try view(
                node.inputs[0],
                as: [images, channels * depth, shape[3], shape[4]],
                named: "\(name)/slices",
                in: &plan
            )
        ]
        try plan.lower(flat)
        let place = result[1] * result[2]
        let line = WindowAxis(
            input: place,
            output: place,
            padding: (0, 0),
            kernel: 1,
            stride: 1,
            dilation: 1
        )
        var deep = self.images([axes[0], line], to: "\(name)/deep")
        deep.inputs = [
            try view(
                flat.outputs[0],
                as: [images, channels, depth, place],
                named: "\(name)/lines",
                in: &plan
            )
        ]
        try plan.lower(deep)
        _ = try view(
            deep.outputs[0],
            as: [images, channels] + result,
            named: name,
            in: &plan
        )
    }

    // MARK: Convolution

    /// The slices that a kernel sees at a depth, one after the other, are the channels of an image.
    func convolve(
        _ weights: Tensor,
        _ activation: FusedActivation,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let name = node.outputs[0]
        let depth = axes[0]
        let (outputs, inputs) = (weights.shape[0], weights.shape[1])
        var conv = images(Array(axes[1...]), to: "\(name)/images")
        let kernel: Shape = [outputs, inputs * depth.kernel, axes[1].kernel, axes[2].kernel]
        let kernels = "\(node.inputs[1])/images"
        plan.graph.constants[kernels] = weights.mapFloats(kernel) { $0 }
        conv.inputs = [try unfold(into: &plan), kernels] + node.inputs.dropFirst(2).prefix(1)
        let hasAddend = node.inputs.count > 3 && !node.inputs[3].isEmpty
        if hasAddend {
            conv.attributes["activation"] = nil
            conv.attributes["activation_bounds"] = nil
        }
        try plan.lower(conv)
        let (height, width) = (result[1], result[2])
        var moved = Node(name: node.name, op: "Transpose", opset: node.opset)
        moved.inputs = [
            try view(
                conv.outputs[0],
                as: [shape[0], depth.output, outputs, height, width],
                named: "\(name)/depths",
                in: &plan
            )
        ]
        moved.attributes = ["perm": .ints([0, 2, 1, 3, 4])]
        moved.outputs = [hasAddend ? "\(name)/sums" : name]
        try plan.lower(moved)
        guard hasAddend else { return }
        var sum = Node(name: node.name, op: "Add", opset: node.opset)
        sum.inputs = [moved.outputs[0], node.inputs[3]]
        sum.outputs = [activation == .none ? name : "\(name)/total"]
        try plan.lower(sum)
        if let last = activation.node(node.name, from: sum.outputs[0], to: name) {
            try plan.lower(last)
        }
    }

    /// [N, C, D, H, W] to [N · depths, C · taps, H, W]; its name.
    private func unfold(into plan: inout PlanBuilder) throws(ModelError) -> String {
        let name = "\(node.outputs[0])/windows"
        let (channels, depth) = (shape[1], axes[0])
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let slices = channels.multipliedReportingOverflow(by: depth.kernel)
        guard !slices.overflow else {
            throw .shape(node: node.name, reason: "its windows are too many")
        }
        let output = try plan.define(
            name,
            [shape[0] * depth.output, slices.partialValue, shape[3], shape[4]],
            .dense
        )
        let plane = shape[3] * shape[4]
        plan.step(
            node.name,
            chunks: shape[0] * depth.output,
            reads: [source],
            writes: [output]
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (image, place) = chunk.quotientAndRemainder(dividingBy: depth.output)
                let input =
                    from.position(in: arena) + image * channels * depth.input * plane
                let target =
                    to.position(in: arena) + chunk * channels * depth.kernel * plane
                for channel in 0..<channels {
                    for tap in 0..<depth.kernel {
                        let slice =
                            place * depth.stride + tap * depth.dilation - depth.padBegin
                        let own = target + (channel * depth.kernel + tap) * plane
                        if (0..<depth.input).contains(slice) {
                            own.copy(
                                from: input + (channel * depth.input + slice) * plane,
                                count: plane
                            )
                        } else {
                            own.fill(0, count: plane)
                        }
                    }
                }
            }
        }
        return name
    }
}
