/// Draws a diagram as SVG: the same diagram always gives the same bytes.
struct DiagramDrawing {
    private let diagram: Diagram
    var svg = SVGWriter()

    static let ink = "#1b1b1f"
    static let serif =
        "'STIX Two Math','Latin Modern Math','Cambria Math','Times New Roman',serif"
    static let sans = "'Helvetica Neue',Helvetica,Arial,sans-serif"

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
                ("font-family", Self.sans),
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
    /// Raised and lowered parts are moved by `dy`, which every browser knows.
    mutating func write(
        _ text: MathText,
        at point: Diagram.Point,
        size: Double,
        anchor: Diagram.Anchor,
        colour: String = DiagramDrawing.ink,
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
        let isSerif = text.runs.first?.face.isSerif ?? false
        if isSerif { attributes.append(("font-family", Self.serif)) }
        svg.begin("text", attributes)
        var level = 0
        for run in text.runs {
            var attributes: [(String, String)] = []
            if run.face.isSerif != isSerif {
                attributes.append(("font-family", run.face.isSerif ? Self.serif : Self.sans))
            }
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
