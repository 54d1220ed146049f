/// The rectangle a diagram needs, with a margin.
struct DiagramBounds {
    private(set) var left = 0.0
    private(set) var right = 0.0
    private(set) var top = 0.0
    private(set) var bottom = 0.0

    private static let margin = 22.0

    init(_ diagram: Diagram) {
        for node in diagram.nodes { include(node) }
        for edge in diagram.edges {
            for point in edge.path.points { include(point) }
            if let label = edge.label {
                include(label, at: edge.labelAt, size: 17, anchor: edge.anchor)
            }
        }
        for caption in diagram.captions {
            include(caption.text, at: caption.at, size: caption.size, anchor: caption.anchor)
        }
        for (start, end) in diagram.rules {
            include(start)
            include(end)
        }
        left = (left - Self.margin).rounded(.down)
        top = (top - Self.margin).rounded(.down)
        right = (right + Self.margin).rounded(.up)
        bottom = (bottom + Self.margin).rounded(.up)
    }

    private mutating func include(_ point: Diagram.Point) {
        left = min(left, point.x)
        right = max(right, point.x)
        top = min(top, point.y)
        bottom = max(bottom, point.y)
    }

    private mutating func include(_ node: Diagram.Node) {
        let (width, height): (Double, Double) =
            switch node.shape {
            case .circle(let radius): (2 * radius, 2 * radius)
            case .box(let width, let height): (width, height)
            case .slab(let width, let height, let depth):
                (
                    width + Diagram.Shape.obliqueness(depth).shift,
                    height + Diagram.Shape.obliqueness(depth).rise
                )
            case .none: (0, 20)
            }
        let half = Diagram.Point(x: width / 2, y: height / 2)
        include(node.at - half)
        include(node.at + half)
        include(node.label, at: node.at, size: 19, anchor: .middle)
    }

    private mutating func include(
        _ text: MathText,
        at: Diagram.Point,
        size: Double,
        anchor: Diagram.Anchor
    ) {
        let width = text.width(size: size)
        let start = anchor == .start ? at.x : anchor == .end ? at.x - width : at.x - width / 2
        include(Diagram.Point(x: start, y: at.y - size))
        include(Diagram.Point(x: start + width, y: at.y + size * 0.3))
    }
}
