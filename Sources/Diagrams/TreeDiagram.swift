/// A network that composes over trees, on an example of four leaves.
///
/// As in Goodfellow, Bengio, Courville, Deep Learning (2016), figure 10.14.
struct TreeDiagram {
    private let outline: NetworkOutline
    private let tree: NetworkOutline.Tree
    private var diagram: Diagram

    private static let pitch = 118.0
    private static let levels = (symbols: 0.0, leaves: -96.0, pairs: -206.0, root: -326.0)

    static func draw(_ outline: NetworkOutline, _ tree: NetworkOutline.Tree) -> Diagram {
        var drawing = TreeDiagram(outline, tree)
        drawing.addNodes()
        drawing.addEdges()
        drawing.addNotes()
        return drawing.diagram
    }

    private init(_ outline: NetworkOutline, _ tree: NetworkOutline.Tree) {
        self.outline = outline
        self.tree = tree
        diagram = Diagram(
            kind: .tree,
            title: "\(outline.name): composition over a tree of four symbols",
            summary: """
                Each symbol x becomes a vector e; two vectors are composed to one of the same width, \
                with the weights U for the left and V for the right, which are the same everywhere; \
                the vector of the root is read by the weights W.
                """
        )
    }

    private mutating func addNodes() {
        for leaf in 0..<4 {
            let x = Double(leaf) * Self.pitch
            let time = String(leaf + 1)
            add("x(\(time))", .input, .variable("x", time: time), x: x, y: Self.levels.symbols)
            add("e(\(time))", .value, .variable("e", time: time), x: x, y: Self.levels.leaves)
        }
        add("h1", .state, .variable("h", index: 1), x: 0.5 * Self.pitch, y: Self.levels.pairs)
        add("h2", .state, .variable("h", index: 2), x: 2.5 * Self.pitch, y: Self.levels.pairs)
        add("h3", .state, .variable("h", index: 3), x: 1.5 * Self.pitch, y: Self.levels.root)
        add("o", .output, .variable("o"), x: 1.5 * Self.pitch, y: Self.levels.root - 100)
        guard readout.contains(where: { $0.op == "Softmax" }) else { return }
        add("ŷ", .softmax, .variable("ŷ"), x: 1.5 * Self.pitch, y: Self.levels.root - 196)
    }

    private mutating func add(
        _ id: String,
        _ role: Diagram.Node.Role,
        _ label: MathText,
        x: Double,
        y: Double
    ) {
        let shape: Diagram.Shape =
            role == .state
            ? .box(width: 74, height: 46) : .circle(radius: SequenceGrid.radius)
        diagram.nodes.append(
            Diagram.Node(
                id: id,
                role: role,
                label: label,
                shape: shape,
                at: Diagram.Point(x: x, y: y)
            )
        )
    }

    private mutating func addEdges() {
        for leaf in 1...4 { connect("x(\(leaf))", "e(\(leaf))", "E", side: 1) }
        for (left, right, parent) in [
            ("e(1)", "e(2)", "h1"), ("e(3)", "e(4)", "h2"), ("h1", "h2", "h3"),
        ] {
            connect(left, parent, "U", side: -1)
            connect(right, parent, "V", side: 1)
        }
        connect("h3", "o", "W", side: 1)
        connect("o", "ŷ", nil, side: 1)
    }

    private mutating func connect(_ from: String, _ to: String, _ weight: String?, side: Double) {
        guard let start = diagram.nodes.first(where: { $0.id == from }),
            let end = diagram.nodes.first(where: { $0.id == to })
        else { return }
        let path = EdgePath.between(start, end)
        diagram.edges.append(
            Diagram.Edge(
                from: from,
                to: to,
                label: weight.map { .variable($0) },
                labelAt: (path.start + path.end) * 0.5 + Diagram.Point(x: side * 10, y: 3),
                anchor: side > 0 ? .start : .end,
                path: path
            )
        )
    }
}

extension TreeDiagram {
    /// The layers that lead from one value to another.
    private func layers(from start: String, to end: String?) -> [NetworkOutline.Layer] {
        var reached: Set<String> = [start]
        var found: [NetworkOutline.Layer] = []
        for layer in outline.layers where layer.inputs.contains(where: reached.contains) {
            found.append(layer)
            if layer.name == end { break }
            reached.insert(layer.name)
        }
        return found
    }

    private var readout: [NetworkOutline.Layer] { layers(from: tree.node, to: nil) }

    private mutating func addNotes() {
        let leaves = layers(from: outline.inputName, to: tree.leaf)
        let composition = layers(from: tree.children, to: tree.composed)
        notes("Leaf", leaves, at: Self.levels.leaves)
        notes("Composition, the same at every node", composition, at: Self.levels.pairs)
        notes("Readout", readout, at: Self.levels.root - 100)
        let total = "\(grouped(outline.parameters)) parameters"
        let lines = [
            (outline.name, 17.0, Self.levels.root - 276), (total, 12.5, Self.levels.root - 256),
        ]
        for (index, line) in lines.enumerated() {
            diagram.captions.append(
                Diagram.Caption(
                    text: .words(line.0, bold: index == 0),
                    at: Diagram.Point(x: -25, y: line.2),
                    size: line.1,
                    isFaint: index > 0
                )
            )
        }
    }

    private mutating func notes(
        _ title: String,
        _ layers: [NetworkOutline.Layer],
        at height: Double
    ) {
        let lines = layers.prefix(6).map { layer in
            let count = layer.parameters > 0 ? ", \(grouped(layer.parameters)) parameters" : ""
            let units = layer.shape.last.map { ", \($0) units" } ?? ""
            return "\(abridged(layer.name)): \(layer.op)\(units)\(count)"
        }
        let top = height - Double(lines.count) * 8
        for (index, line) in ([title] + lines).enumerated() {
            diagram.captions.append(
                Diagram.Caption(
                    text: .words(line, bold: index == 0),
                    at: Diagram.Point(x: 3 * Self.pitch + 62, y: top + Double(index) * 16),
                    isFaint: index > 0
                )
            )
        }
    }
}
