/// Draws a diagram as SVG: the same diagram always gives the same bytes.
struct DiagramDrawing {
    private let diagram: Diagram
    private var svg = SVGWriter()

    private static let ink = "#1b1b1f"
    private static let serif =
        "'STIX Two Math','Latin Modern Math','Cambria Math','Times New Roman',serif"
    private static let sans = "'Helvetica Neue',Helvetica,Arial,sans-serif"

    static func draw(_ diagram: Diagram) -> [UInt8] {
        var drawing = DiagramDrawing(diagram: diagram)
        drawing.document()
        return Array(drawing.svg.text.utf8)
    }

    private init(diagram: Diagram) {
        self.diagram = diagram
    }

    private mutating func document() {
        let bounds = DiagramBounds(diagram)
        let (width, height) = (bounds.right - bounds.left, bounds.bottom - bounds.top)
        svg.begin(
            "svg",
            [
                ("xmlns", "http://www.w3.org/2000/svg"), ("width", pixels(width)),
                ("height", pixels(height)), ("role", "img"),
                ("aria-labelledby", "title summary"),
                (
                    "viewBox",
                    [bounds.left, bounds.top, width, height].map(pixels).joined(separator: " ")
                ),
            ]
        )
        svg.element("title", [("id", "title")], diagram.title)
        svg.element("desc", [("id", "summary")], diagram.summary)
        svg.empty(
            "rect",
            [
                ("x", pixels(bounds.left)), ("y", pixels(bounds.top)), ("width", pixels(width)),
                ("height", pixels(height)), ("fill", "#fff"),
            ]
        )
        for (start, end) in diagram.rules { rule(start, end) }
        for edge in diagram.edges { draw(edge) }
        for node in diagram.nodes { draw(node) }
        for caption in diagram.captions {
            write(
                caption.text,
                at: caption.at,
                size: caption.size,
                anchor: caption.anchor,
                colour: caption.isFaint ? "#5c5c66" : Self.ink
            )
        }
        if let point = diagram.unfolding { unfolding(at: point) }
        svg.end()
    }

    private mutating func rule(_ start: Diagram.Point, _ end: Diagram.Point) {
        svg.empty(
            "line",
            [
                ("x1", pixels(start.x)), ("y1", pixels(start.y)), ("x2", pixels(end.x)),
                ("y2", pixels(end.y)), ("stroke", "#d4d4dc"), ("stroke-width", "1"),
            ]
        )
    }
}

extension DiagramDrawing {
    private mutating func draw(_ edge: Diagram.Edge) {
        let part = edge.isCircuit ? "edge circuit" : "edge"
        svg.begin("g", [("class", part), ("fill", "none"), ("stroke", Self.ink)])
        let line = edge.hasArrow ? edge.path.shortened(by: 7) : edge.path
        svg.empty("path", [("d", data(line)), ("stroke-width", "1.4")])
        if edge.hasArrow { arrowhead(edge.path) }
        svg.end()
        if let label = edge.label {
            write(label, at: edge.labelAt, size: 17, anchor: edge.anchor, halo: true)
        }
    }

    private func data(_ path: EdgePath) -> String {
        func pair(_ point: Diagram.Point) -> String { pixels(point.x) + " " + pixels(point.y) }
        return path.pieces.reduce("M" + pair(path.start)) { text, piece in
            switch piece {
            case .line(let end): text + "L" + pair(end)
            case .curve(let first, let second, let end):
                text + "C" + [first, second, end].map(pair).joined(separator: ",")
            }
        }
    }

    private mutating func arrowhead(_ path: EdgePath) {
        let (tip, along) = (path.end, path.heading)
        let across = Diagram.Point(x: -along.y, y: along.x)
        let back = tip - along * 10
        let corners = [tip, back + across * 4.2, tip - along * 7.5, back - across * 4.2]
        polygon(corners, fill: Self.ink, stroke: "none")
    }

    private mutating func polygon(_ corners: [Diagram.Point], fill: String, stroke: String) {
        let points = corners.map { pixels($0.x) + "," + pixels($0.y) }.joined(separator: " ")
        svg.empty("polygon", [("points", points), ("fill", fill), ("stroke", stroke)])
    }

    /// The wide arrow that says "unfold".
    private mutating func unfolding(at point: Diagram.Point) {
        let outline: [(Double, Double)] = [
            (-38, -5), (16, -5), (16, -14), (38, 0), (16, 14), (16, 5), (-38, 5),
        ]
        let corners = outline.map { Diagram.Point(x: point.x + $0.0, y: point.y + $0.1) }
        polygon(corners, fill: "#fff", stroke: Self.ink)
        let above = Diagram.Point(x: point.x, y: point.y - 24)
        write(.words("Unfold"), at: above, size: 14, anchor: .middle)
    }
}

extension DiagramDrawing {
    private mutating func draw(_ node: Diagram.Node) {
        let part = node.isCircuit ? " circuit" : ""
        svg.begin("g", [("class", "node \(node.role.rawValue)\(part)"), ("stroke-width", "1.4")])
        switch node.shape {
        case .circle(let radius):
            svg.empty(
                "circle",
                [("cx", pixels(node.at.x)), ("cy", pixels(node.at.y)), ("r", pixels(radius))]
                    + paint(node.role)
            )
        case .box(let width, let height): box(node, width, height)
        case .slab(let width, let height, let depth): slab(node, width, height, depth)
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
        _ width: Double,
        _ height: Double,
        _ depth: Double
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

extension DiagramDrawing {
    /// Raised and lowered parts are moved by `dy`, which every browser knows.
    private mutating func write(
        _ text: MathText,
        at point: Diagram.Point,
        size: Double,
        anchor: Diagram.Anchor,
        colour: String = ink,
        halo: Bool = false
    ) {
        guard !text.runs.isEmpty else { return }
        var attributes = [
            ("x", pixels(point.x)), ("y", pixels(point.y)), ("text-anchor", anchor.rawValue),
            ("font-size", pixels(size)), ("fill", colour), ("stroke", "none"),
        ]
        if halo {
            attributes.removeLast()
            attributes += [
                ("stroke", "#fff"), ("stroke-width", "4"), ("paint-order", "stroke"),
            ]
        }
        svg.begin("text", attributes)
        var level = 0
        for run in text.runs {
            var attributes = [
                ("font-family", run.face == .sans || run.face == .bold ? Self.sans : Self.serif)
            ]
            if run.face == .italic { attributes.append(("font-style", "italic")) }
            if run.face == .bold { attributes.append(("font-weight", "600")) }
            if run.level != 0 { attributes.append(("font-size", pixels(size * 0.7))) }
            let move = offset(level, size) - offset(run.level, size)
            if move != 0 { attributes.append(("dy", pixels(move))) }
            level = run.level
            svg.element("tspan", attributes, run.text)
        }
        svg.end()
    }

    private func offset(_ level: Int, _ size: Double) -> Double {
        level > 0 ? size * 0.36 : level < 0 ? -size * 0.2 : 0
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
