/// Edges, their arrowheads, and the wide arrow.
extension DiagramDrawing {
    mutating func draw(_ edge: Diagram.Edge) {
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

    mutating func polygon(_ corners: [Diagram.Point], fill: String, stroke: String) {
        let points = corners.map { pixels($0.x) + "," + pixels($0.y) }.joined(separator: " ")
        svg.empty("polygon", [("points", points), ("fill", fill), ("stroke", stroke)])
    }

    /// The wide arrow that says "unfold".
    mutating func unfolding(at point: Diagram.Point) {
        let outline: [(Double, Double)] = [
            (-38, -5), (16, -5), (16, -14), (38, 0), (16, 14), (16, 5), (-38, 5),
        ]
        let corners = outline.map { Diagram.Point(x: point.x + $0.0, y: point.y + $0.1) }
        polygon(corners, fill: "#fff", stroke: Self.ink)
        let above = Diagram.Point(x: point.x, y: point.y - 24)
        write(.words("Unfold"), at: above, size: 14, anchor: .middle)
    }
}
