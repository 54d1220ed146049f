import Graph

/// ONNX's sequences and optionals, whose elements are named while the file is read.
///
/// Between nodes there are only tensors. A list that is built node by node needs no more than the names of its elements;
/// the one that a loop appends to is a stack of its results (`LoopLists`).
struct Lists {
    indirect enum List {
        case elements([String])
        /// Parts of one value along an axis, all of a size, the last perhaps smaller, or slices without the axis.
        case parts(of: String, axis: Int, size: Int, keepsAxis: Bool)
        /// An optional value; nil is none.
        case optional(String?)
    }

    static let operators: Set = [
        "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceErase", "SequenceAt",
        "SequenceLength", "SplitToSequence", "ConcatFromSequence", "Optional",
        "OptionalHasElement", "OptionalGetElement",
    ]

    private var lists: [String: List] = [:]

    subscript(name: String) -> List? {
        get { lists[name] }
        set { lists[name] = newValue }
    }

    /// - Throws: `unsupportedOperator` for a node that takes a list as a whole.
    func checkUnread(_ node: Node) throws(ModelError) {
        for input in node.inputs where lists[input] != nil {
            throw .unsupportedOperator(node: node.name, op: "\(node.op) of a sequence")
        }
    }

    func checkUnread(_ output: String) throws(ModelError) {
        guard lists[output] == nil else {
            throw .unsupportedOperator(node: output, op: "a sequence as a result")
        }
    }

    /// Whether a node makes or takes a list.
    func concerns(_ node: Node) -> Bool {
        Self.operators.contains(node.op)
            || node.op == "Identity" && node.inputs.first.map { lists[$0] != nil } ?? false
    }

    /// Adds what stands for a node that this concerns.
    mutating func expand(_ node: inout Replacement) throws(ModelError) {
        let output = node.node.outputs.first ?? ""
        switch node.node.op {
        case "Identity": lists[output] = lists[node.input(0)]
        case "SequenceConstruct": lists[output] = .elements(node.node.inputs)
        case "SequenceEmpty":
            _ = try node.attributes.int("dtype", default: 1)
            lists[output] = .elements([])
        case "SequenceInsert": lists[output] = .elements(try inserted(node))
        case "SequenceErase": lists[output] = .elements(try erased(node))
        case "SequenceAt": try element(&node)
        case "SequenceLength": try length(&node)
        case "SplitToSequence": lists[output] = try split(&node)
        case "ConcatFromSequence": try concatenate(&node)
        case "Optional", "OptionalHasElement", "OptionalGetElement": try optional(&node)
        default: break
        }
    }

    private func unsupported(_ node: Replacement) -> ModelError {
        .unsupportedOperator(node: node.node.name, op: "\(node.node.op) of unknown elements")
    }

    private func elements(_ node: Replacement) throws(ModelError) -> [String] {
        guard case .elements(let elements)? = lists[node.input(0)] else { throw unsupported(node) }
        return elements
    }

    /// A place that is a constant, counted from the front, perhaps that behind the end; nil if the node leaves it out.
    private func place(
        _ node: Replacement,
        _ input: Int,
        count: Int,
        last: Int? = nil
    ) throws(ModelError) -> Int? {
        guard node.has(input) else { return nil }
        guard let values = node.constant(node.input(input))?.elements.signed, values.count == 1
        else { throw unsupported(node) }
        guard values[0] >= -count, values[0] <= last ?? count - 1 else {
            throw node.fail("place \(values[0]) lies outside of \(count)")
        }
        return values[0] < 0 ? values[0] + count : values[0]
    }

    private func inserted(_ node: Replacement) throws(ModelError) -> [String] {
        var elements = try elements(node)
        guard node.has(2) else { return elements + [node.input(1)] }
        let place = try place(node, 2, count: elements.count, last: elements.count)
        elements.insert(node.input(1), at: place ?? elements.count)
        return elements
    }

    private func erased(_ node: Replacement) throws(ModelError) -> [String] {
        var elements = try elements(node)
        let place = try place(node, 1, count: elements.count) ?? elements.count - 1
        guard elements.indices.contains(place) else { throw node.fail("the list is empty") }
        elements.remove(at: place)
        return elements
    }

    private func element(_ node: inout Replacement) throws(ModelError) {
        switch lists[node.input(0)] {
        case .elements(let elements):
            guard let place = try place(node, 1, count: elements.count) else {
                throw unsupported(node)
            }
            node.add("Identity", [elements[place]], as: 0)
        case .parts(let whole, let axis, 1, let keepsAxis):
            guard keepsAxis else {
                node.add("Gather", [whole, node.input(1)], ["axis": .int(axis)], as: 0)
                return
            }
            let place = node.add("Reshape", [node.input(1), node.integers([1])])
            node.add("Gather", [whole, place], ["axis": .int(axis)], as: 0)
        case .parts(let whole, let axis, let size, _):
            guard let place = node.constant(node.input(1))?.elements.signed?.first,
                (0...1 << 31).contains(place)
            else { throw unsupported(node) }
            let bounds = [[place * size], [(place + 1) * size], [axis]]
            node.add("Slice", [whole] + bounds.map { node.integers($0) }, as: 0)
        default: throw unsupported(node)
        }
    }

    private func length(_ node: inout Replacement) throws(ModelError) {
        switch lists[node.input(0)] {
        case .elements(let elements):
            let count = Tensor(shape: [], integers: [elements.count])
            node.add("Identity", [node.constant(count)], as: 0)
        case .parts(let whole, let axis, let size, _):
            func number(_ value: Int) -> String {
                node.constant(Tensor(shape: [], integers: [value]))
            }
            let sizes = node.add("Shape", [whole])
            let length = node.add("Gather", [sizes, number(axis)])
            let last = node.add("Add", [length, number(size - 1)])
            node.add("Div", [last, number(size)], as: 0)
        default: throw unsupported(node)
        }
    }

    private func split(_ node: inout Replacement) throws(ModelError) -> List {
        let axis = try node.attributes.int("axis", default: 0)
        let keeps = try node.attributes.flag("keepdims", default: true)
        guard node.has(1) else {
            return .parts(of: node.input(0), axis: axis, size: 1, keepsAxis: keeps)
        }
        if node.constant(node.input(1)) == nil, let known = node.shape(node.input(1)),
            known.count == 1, let count = known[0], (1...1 << 16).contains(count)
        {
            // How many parts there are is known, if not how long they are.
            let inputs = [node.input(0), node.input(1)]
            return .elements(node.add("Split", inputs, ["axis": .int(axis)], outputs: count))
        }
        guard let sizes = node.constant(node.input(1)), let values = sizes.elements.signed,
            values.allSatisfy({ (0...1 << 31).contains($0) }), values.count <= 1 << 16
        else { throw unsupported(node) }
        if sizes.shape.rank == 0 {
            guard values[0] > 0 else { throw node.fail("parts of size \(values[0])") }
            // The axis stays whenever sizes are given, but PyTorch writes slices so, and onnxruntime reads them so.
            let isSlice = values[0] == 1 && !keeps
            return .parts(of: node.input(0), axis: axis, size: values[0], keepsAxis: !isSlice)
        }
        guard !values.isEmpty else { return .elements([]) }
        let inputs = [node.input(0), node.integers(values)]
        return .elements(
            node.add("Split", inputs, ["axis": .int(axis)], outputs: values.count)
        )
    }

    private func concatenate(_ node: inout Replacement) throws(ModelError) {
        guard let axis = try node.attributes.optionalInt("axis") else {
            throw node.attributes.mismatch("axis", "an integer", .string("nothing"))
        }
        let isNew = try node.attributes.flag("new_axis", default: false)
        switch lists[node.input(0)] {
        case .parts(let whole, axis, _, keepsAxis: !isNew):
            node.add("Identity", [whole], as: 0)
            return
        case .parts(let whole, axis: 0, size: 1, keepsAxis: false):
            return spread(whole, over: axis, isNew: isNew, &node)
        default: break
        }
        var elements = try elements(node)
        guard !elements.isEmpty else { throw node.fail("an empty list has no type") }
        if isNew {
            let place = node.integers([axis])
            elements = elements.map { node.add("Unsqueeze", [$0, place]) }
        }
        node.add("Concat", elements, ["axis": .int(axis)], as: 0)
    }

    /// A stack whose elements lie side by side along another axis instead, which is a new one or was theirs.
    private func spread(
        _ stack: String,
        over axis: Int,
        isNew: Bool,
        _ node: inout Replacement
    ) {
        let (zero, rest) = (node.integers([0]), node.integers([-1]))
        let element = node.sizes(node.add("Shape", [stack]), from: 1)
        guard axis != 0 || isNew else {
            let shape = node.add("Concat", [rest, node.sizes(element, from: 1)], ["axis": .int(0)])
            node.add("Reshape", [stack, shape], as: 0)
            return
        }
        // A new last axis is behind all of the element's.
        let isLast = isNew && axis == -1
        let place = isNew && axis < 0 ? axis + 1 : axis
        let front = isLast ? element : node.sizes(element, from: 0, to: place)
        let behind = isNew ? place : place + 1
        let hasMore = !isLast && (behind != 0 || axis >= 0)
        let back = hasMore ? [node.sizes(element, from: behind)] : []
        let before = node.add("ReduceProd", [front])
        let rows = node.add("Concat", [zero, before, rest], ["axis": .int(0)])
        let turned = node.add(
            "Transpose",
            [node.add("Reshape", [stack, rows])],
            ["perm": .ints([1, 0, 2])]
        )
        let shape = node.add("Concat", [front, rest] + back, ["axis": .int(0)])
        node.add("Reshape", [turned, shape], as: 0)
    }

    private mutating func optional(_ node: inout Replacement) throws(ModelError) {
        let list = lists[node.input(0)]
        let held: String?? = if case .optional(let value) = list { .some(value) } else { nil }
        switch node.node.op {
        case "Optional":
            guard node.has(0) else { throw unsupported(node) }
            lists[node.node.outputs[0]] = list ?? .optional(node.input(0))
        case "OptionalHasElement":
            let isThere = held.map { $0 != nil } ?? node.has(0)
            let flag = Tensor(shape: [], elements: .booleans([isThere]))
            node.add("Identity", [node.constant(flag)], as: 0)
        default:
            if let list, held == nil {
                lists[node.node.outputs[0]] = list
                return
            }
            guard let value = held ?? node.input(0), !value.isEmpty else {
                throw node.fail("the optional holds nothing")
            }
            node.add("Identity", [value], as: 0)
        }
    }
}
