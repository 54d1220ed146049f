/// Nodes: circles, boxes and slabs in the colours of their roles.
extension DiagramDrawing {
    mutating func draw(_ node: Diagram.Node) {
        let part = node.isCircuit ? " circuit" : ""
        var attributes = [
            ("class", "node \(node.role.rawValue)\(part)"), ("stroke-width", "1.4"),
        ]
        if let layer = node.layer { attributes.append(("data-layer", layer)) }
        svg.begin("g", attributes)
        switch node.shape {
        case .circle(let radius):
            svg.empty(
                "circle",
                [("cx", pixels(node.at.x)), ("cy", pixels(node.at.y)), ("r", pixels(radius))]
                    + paint(node.role)
            )
        case .box(let width, let height): box(node, width, height)
        case .slab(let width, let height, let depth):
            slab(node, width: width, height: height, depth: depth)
        case .none: break
        }
        let isTall = node.tag != nil
        if let tag = node.tag {
            let above = Diagram.Point(x: node.at.x, y: node.at.y - 7)
            write(.words(tag), at: above, size: 11, anchor: .middle)
        }
        let at = Diagram.Point(x: node.at.x, y: node.at.y + (isTall ? 14 : 6))
        write(node.label, at: at, size: isTall ? 17 : 19, anchor: .middle)
        svg.end()
    }

    private mutating func box(_ node: Diagram.Node, _ width: Double, _ height: Double) {
        svg.empty(
            "rect",
            [
                ("x", pixels(node.at.x - width / 2)), ("y", pixels(node.at.y - height / 2)),
                ("width", pixels(width)), ("height", pixels(height)),
                ("rx", node.role == .delay || height < 20 ? "0" : "9"),
            ] + paint(node.role)
        )
    }

    /// The top, front and side of a box; `at` is the middle of what is seen.
    private mutating func slab(
        _ node: Diagram.Node,
        width: Double,
        height: Double,
        depth: Double
    ) {
        let (shift, rise) = Diagram.Shape.obliqueness(depth)
        let left = node.at.x - (width + shift) / 2, top = node.at.y - (height + rise) / 2
        func corner(_ x: Double, _ y: Double) -> Diagram.Point {
            Diagram.Point(x: left + x, y: top + y)
        }
        let fills = node.role.slabFills
        let front = [
            corner(0, rise), corner(width, rise), corner(width, rise + height),
            corner(0, rise + height),
        ]
        let lid = [
            corner(0, rise), corner(shift, 0), corner(width + shift, 0), corner(width, rise),
        ]
        let side = [
            corner(width, rise), corner(width + shift, 0), corner(width + shift, height),
            corner(width, rise + height),
        ]
        for (face, fill) in zip([lid, front, side], fills) {
            polygon(face, fill: fill, stroke: Self.ink)
        }
    }

    private func paint(_ role: Diagram.Node.Role) -> [(String, String)] {
        var attributes = [("fill", role.fill), ("stroke", Self.ink)]
        if role == .start { attributes.append(("stroke-dasharray", "4 3")) }
        return attributes
    }
}

extension Diagram.Shape {
    /// How far the back edge of something so deep lies to the right, and above.
    static func obliqueness(_ depth: Double) -> (shift: Double, rise: Double) {
        (depth * 0.5, depth * 0.36)
    }
}

extension Diagram.Node.Role {
    fileprivate var fill: String {
        switch self {
        case .input: "#e3edf9"
        case .state: "#fdf0d5"
        case .output: "#e2f2e4"
        case .softmax: "#f2e5f5"
        case .delay, .join: "#1b1b1f"
        case .value, .gap, .start, .map, .vector: "#fff"
        case .thin: "#e9e9ef"
        }
    }

    /// The top, front and side.
    fileprivate var slabFills: [String] {
        switch self {
        case .input: ["#eef4fc", "#d3e2f5", "#bfd3ec"]
        case .vector: ["#f0f8f1", "#d6ecd9", "#c3dfc7"]
        default: ["#fff6e4", "#fae3b8", "#efd19a"]
        }
    }
}
