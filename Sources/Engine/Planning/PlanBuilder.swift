package import Compute
package import Graph

/// Collects values and steps while operators lower themselves; `finish` lays them out.
package struct PlanBuilder {
    typealias Body = @Sendable (_ arena: PassArena, _ chunk: Int) -> Void

    let operators: OperatorTable
    let kernels: KernelSet
    let weights: WeightStore
    var graph: Graph
    let numerics: Numerics
    private(set) var values: [PlannedValue] = []
    private(set) var steps: [PendingStep] = []
    /// What steps may find wrong while they compute.
    var faults: [PendingFault] = []
    /// Weights that the first pass packs.
    var deferred: [DeferredLayer] = []
    private var named: [String: ValueID] = [:]
    private var names: [String] = []
    private var converted: [Conversion: ValueID] = [:]
    private var conversions: [Conversion] = []

    /// Whether only shapes are asked for: constants stay where they are, and nothing is laid out.
    let isTrial: Bool

    /// Whether large inputs and outputs lie where a caller has them.
    var borrowsPorts = false

    /// Bytes of lists that steps keep.
    private(set) var listBytes = 0
    private static let mostListBytes = 16 << 20

    /// Elements of the largest value, and of all constants that are read as they are.
    let largest: Int
    private var constantCount = 0

    /// Whether a step may keep a list of so many bytes; counts it if so.
    mutating func mayKeepList(bytes: Int) -> Bool {
        guard bytes <= Self.mostListBytes - listBytes else { return false }
        listBytes += bytes
        return true
    }

    /// Multiply–adds of each node.
    package private(set) var work: [String: Int] = [:]

    private struct Conversion: Hashable {
        let value: ValueID
        let layout: Layout
        let halo: Halo
    }

    package init(
        graph: Graph,
        operators: OperatorTable,
        kernels: KernelSet,
        weights: WeightStore,
        numerics: Numerics = .fast,
        isTrial: Bool = false,
        largest: Int = 1 << 32
    ) {
        self.isTrial = isTrial
        self.largest = largest
        self.numerics = numerics
        self.graph = graph
        self.operators = operators
        self.kernels = kernels
        self.weights = weights
    }

    package subscript(id: ValueID) -> PlannedValue { values[id.index] }

    package func shape(of id: ValueID) -> Shape { values[id.index].shape }

    package func id(named name: String) -> ValueID? { named[name] }

    // MARK: Values

    /// Adds a value; a size no machine could hold is an error of the node.
    mutating func define(
        _ name: String,
        _ shape: Shape,
        _ layout: Layout,
        type: ElementType = .float32,
        halo: Halo = .none,
        memory: PlannedValue.Memory = .arena
    ) throws(ModelError) -> ValueID {
        guard let count = shape.checkedCount, shape.isUsual else {
            throw .shape(node: name, reason: "a value of shape \(shape) is too large")
        }
        guard count <= largest else {
            let width = MemoryLayout<Float>.stride
            let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
            throw .tooLarge(bytes: overflow ? .max : bytes, limit: largest * width)
        }
        let id = ValueID(index: values.count)
        values.append(
            PlannedValue(
                name: name,
                shape: shape,
                layout: layout,
                type: type,
                halo: halo,
                memory: memory
            )
        )
        if !name.isEmpty, named[name] == nil {
            named[name] = id
            names.append(name)
        }
        return id
    }

    /// Does `body`, or nothing of it: then the error that it threw.
    mutating func attempt(
        _ body: (inout PlanBuilder) throws(ModelError) -> Void
    ) -> ModelError? {
        let marks = (values.count, steps.count, names.count, conversions.count)
        let (faultCount, deferredCount) = (faults.count, deferred.count)
        do throws(ModelError) {
            try body(&self)
            return nil
        } catch {
            values.removeSubrange(marks.0...)
            steps.removeSubrange(marks.1...)
            faults.removeSubrange(faultCount...)
            deferred.removeSubrange(deferredCount...)
            for name in names[marks.2...] { named.removeValue(forKey: name) }
            names.removeSubrange(marks.2...)
            for key in conversions[marks.3...] { converted.removeValue(forKey: key) }
            conversions.removeSubrange(marks.3...)
            return error
        }
    }

    /// Memory that one step needs for itself.
    mutating func scratch(_ count: Int) throws(ModelError) -> ValueID {
        try define("", [count], .dense)
    }

    /// The same for each worker.
    mutating func workerScratch(_ count: Int) throws(ModelError) -> ValueID {
        try define("", [count], .dense, memory: .worker)
    }

    /// The same elements under another name and shape.
    mutating func alias(
        _ name: String,
        of id: ValueID,
        shape: Shape
    ) throws(ModelError) -> ValueID {
        let value = self[id]
        return try define(name, shape, value.layout, type: value.type, memory: .alias(id))
    }

    /// An operand of a node: a value computed earlier, or a constant.
    mutating func input(_ node: Node, _ index: Int) throws(ModelError) -> ValueID {
        guard let id = try optionalInput(node, index) else {
            throw .shape(node: node.name, reason: "input \(index) of \(node.op) is missing")
        }
        return id
    }

    /// The shape of an operand, which is not brought into the plan where it is a constant.
    mutating func shapeOfInput(_ node: Node, _ index: Int) throws(ModelError) -> Shape {
        if let constant = constant(node, index) { return constant.shape }
        return try inputShape(node, index)
    }

    /// The shape of an operand.
    mutating func inputShape(_ node: Node, _ index: Int) throws(ModelError) -> Shape {
        let id = try input(node, index)
        return shape(of: id)
    }

    /// A float32 operand, which is all that most operators compute with; nil if it is left out.
    mutating func optionalInput(_ node: Node, _ index: Int) throws(ModelError) -> ValueID? {
        guard let id = try optionalTyped(node, index) else { return nil }
        guard self[id].type == .float32 else {
            throw .shape(
                node: node.name,
                reason: "input \(index + 1) is \(self[id].type.rawValue), "
                    + "of which plans do not compute \(node.op)"
            )
        }
        return id
    }

    /// An operand of any type that plans know; nil if it is left out.
    mutating func optionalTyped(_ node: Node, _ index: Int) throws(ModelError) -> ValueID? {
        guard index < node.inputs.count, !node.inputs[index].isEmpty else { return nil }
        let name = node.inputs[index]
        if let id = named[name] { return id }
        guard let constant = graph.constants[name] else {
            throw .shape(
                node: node.name,
                reason: "the input \"\(name)\" is not a value of the graph"
            )
        }
        guard constant.type.kind != nil else {
            throw .shape(
                node: node.name,
                reason: "plans do not compute with \(constant.type.rawValue), as \"\(name)\" is"
            )
        }
        constantCount += constant.count
        guard constantCount <= largest else {
            throw .shape(node: node.name, reason: "the constants it reads are too large")
        }
        return try constantValue(name, constant)
    }

    /// A constant operand, or nil if it is absent or computed.
    func constant(_ node: Node, _ index: Int) -> Tensor? {
        guard index < node.inputs.count else { return nil }
        return graph.constants[node.inputs[index]]
    }

    /// Requires zero padding around an image that is not yet laid out.
    mutating func demand(_ halo: Halo, around id: ValueID) {
        values[id.index].halo.formUnion(halo)
    }

    /// An image with zeros around it: its own memory grows in the blocked layout, a copy has them in the dense one.
    mutating func image(
        _ id: ValueID,
        as layout: Layout,
        halo: Halo
    ) throws(ModelError) -> ValueID {
        guard layout == .blocked else { return try value(id, as: layout, halo: halo) }
        let source = try value(id, as: .blocked)
        demand(halo, around: source)
        return source
    }

    // MARK: Steps

    mutating func step(
        _ name: String,
        chunks: Int,
        reads: [ValueID],
        writes: [ValueID],
        planes: PlaneChunks? = nil,
        isExact: Bool = false,
        effort: Int = 8,
        bind: @escaping (Placement) throws(ModelError) -> Body
    ) {
        steps.append(
            PendingStep(
                name: name,
                chunks: chunks,
                reads: reads,
                writes: writes,
                planes: planes,
                isExact: isExact,
                effort: effort,
                bind: bind
            )
        )
    }

    mutating func count(_ multiplyAdds: Int, for node: Node) {
        work[node.name, default: 0] += multiplyAdds
    }

    /// The value in the wanted layout, converted once for all who ask.
    package mutating func value(
        _ id: ValueID,
        as layout: Layout,
        halo: Halo = .none
    ) throws(ModelError) -> ValueID {
        let current = self[id]
        guard current.type == .float32 || halo == .none && layout != .blocked && layout != .points
        else {
            throw .shape(
                node: current.name,
                reason: "plans compute with images of float32, not of \(current.type.rawValue)"
            )
        }
        if current.layout == layout, halo == .none || layout == .blocked { return id }
        // With one point and whole blocks, a row and its blocked form are the same bytes.
        let last = current.shape.dimensions.last ?? 0
        let key = Conversion(value: id, layout: layout, halo: layout == .blocked ? .none : halo)
        if let known = converted[key] { return known }
        let made: ValueID
        if layout.isOfIntegers || current.layout.isOfIntegers && layout == .dense && halo == .none {
            made = try reordered(id, as: layout)
        } else if layout != .blocked, current.layout != .blocked, halo == .none,
            current.points == 1, layout == .dense || last % 16 == 0
        {
            made = try define("", current.shape, layout, type: current.type, memory: .alias(id))
        } else if layout != .dense, current.layout != .dense {
            made = try value(value(id, as: .dense), as: layout, halo: halo)
        } else {
            made = try define("", current.shape, layout, type: current.type, halo: halo)
            convert(id, to: made)
        }
        converted[key] = made
        conversions.append(key)
        return made
    }
}
