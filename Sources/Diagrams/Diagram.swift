/// A drawing of a network: nodes, edges between them, and words beside them.
///
/// Lengths are in pixels, y grows downward.
public struct Diagram: Sendable {
    enum Kind: String, Sendable {
        case circuit
        case unfolded
        case stack
        case tree
    }

    struct Point: Sendable, Equatable {
        var x: Double
        var y: Double
    }

    enum Shape: Sendable {
        case circle(radius: Double)
        case box(width: Double, height: Double)
        /// A box seen obliquely from above: a feature map of `height` channels.
        case slab(width: Double, height: Double, depth: Double)
        /// Only its label is drawn.
        case none
    }

    struct Node: Sendable {
        /// What it stands for; the class of its group in the picture.
        enum Role: String, Sendable {
            case input, state, output, softmax, value, delay, join, gap, start
            case map, vector, thin
        }

        var id: String
        var role: Role
        var label: MathText
        var shape: Shape
        var at: Point
        /// A small line above the label.
        var tag: String?
        /// Whether it belongs to the circuit drawn beside an unfolded graph.
        var isCircuit = false
        /// The layer that it stands for, if it is one.
        var layer: String?
        /// Of how many layers alike it is the first.
        var repeats = 1
    }

    struct Edge: Sendable {
        var from: String
        var to: String
        var label: MathText?
        var labelAt = Point(x: 0, y: 0)
        var anchor = Anchor.middle
        var path: EdgePath
        var hasArrow = true
        var isCircuit = false
    }

    enum Anchor: String, Sendable {
        case start, middle, end
    }

    struct Caption: Sendable {
        var text: MathText
        var at: Point
        var size = 12.5
        var anchor = Anchor.start
        var isFaint = false
    }

    var kind: Kind
    var title: String
    var summary: String
    var nodes: [Node] = []
    var edges: [Edge] = []
    var captions: [Caption] = []
    /// Hairlines that lead the eye, or rule a table.
    var rules: [(Point, Point)] = []
    /// The wide arrow between a circuit and its unfolded graph.
    var unfolding: Point?

    /// Steps that a recurrent network may be unfolded over.
    public static let mostSteps = 32
}

extension Diagram {
    /// The kind of drawing that suits the network; `steps` are those it is unfolded over, where it can be.
    public static func drawing(_ outline: NetworkOutline, steps: Int? = nil) -> Diagram {
        if outline.isUnfoldable { return SequenceDiagram.draw(outline, steps: steps) }
        return outline.tree.map { TreeDiagram.draw(outline, $0) } ?? StackDiagram.draw(outline)
    }

    /// The picture as an SVG document.
    public var svg: [UInt8] { DiagramDrawing.draw(self) }
}

extension Diagram.Point {
    static func + (first: Self, second: Self) -> Self {
        Self(x: first.x + second.x, y: first.y + second.y)
    }

    static func - (first: Self, second: Self) -> Self {
        Self(x: first.x - second.x, y: first.y - second.y)
    }

    static func * (point: Self, factor: Double) -> Self {
        Self(x: point.x * factor, y: point.y * factor)
    }

    var length: Double { (x * x + y * y).squareRoot() }

    /// The same direction with length 1; no direction stays none.
    var unit: Self { length > 0 ? self * (1 / length) : self }
}

extension Diagram.Node {
    /// Where a line from the centre toward `target` leaves the node.
    func border(toward target: Diagram.Point) -> Diagram.Point {
        let direction = (target - at).unit
        switch shape {
        case .circle(let radius): return at + direction * radius
        case .box(let width, let height): return at + direction * reach(direction, width, height)
        case .slab, .none: return at + direction * reach(direction, 56, 34)
        }
    }

    /// How far a rectangle reaches in a direction.
    private func reach(
        _ direction: Diagram.Point,
        _ width: Double,
        _ height: Double
    ) -> Double {
        let across = direction.x == 0 ? Double.infinity : width / 2 / abs(direction.x)
        let along = direction.y == 0 ? Double.infinity : height / 2 / abs(direction.y)
        let least = min(across, along)
        return least.isFinite ? least : 0
    }
}
