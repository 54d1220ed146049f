/// The line of an edge: a start, then straight and curved pieces.
struct EdgePath: Sendable {
    typealias Point = Diagram.Point

    enum Piece: Sendable {
        case line(Point)
        case curve(Point, Point, Point)
    }

    let start: Point
    let pieces: [Piece]

    static func straight(_ start: Point, _ end: Point) -> EdgePath {
        EdgePath(start: start, pieces: [.line(end)])
    }

    /// Between the borders of two nodes.
    static func between(_ first: Diagram.Node, _ second: Diagram.Node) -> EdgePath {
        straight(first.border(toward: second.at), second.border(toward: first.at))
    }

    static func curve(_ start: Point, _ first: Point, _ second: Point, to end: Point) -> EdgePath {
        EdgePath(start: start, pieces: [.curve(first, second, end)])
    }

    /// Straight pieces through the corners, which are rounded.
    static func corners(_ points: [Point], radius: Double = 10) -> EdgePath {
        var pieces: [Piece] = []
        for index in points.indices.dropFirst().dropLast() {
            let corner = points[index]
            let back = points[index - 1] - corner, ahead = points[index + 1] - corner
            let cut = min(radius, back.length / 2, ahead.length / 2)
            pieces.append(.line(corner + back.unit * cut))
            pieces.append(.curve(corner, corner, corner + ahead.unit * cut))
        }
        if let last = points.last { pieces.append(.line(last)) }
        return EdgePath(start: points.first ?? Point(x: 0, y: 0), pieces: pieces)
    }

    var end: Point {
        switch pieces.last {
        case .line(let end), .curve(_, _, let end): end
        case nil: start
        }
    }

    /// The direction in which the line arrives.
    var heading: Point {
        switch pieces.last {
        case .line(let end):
            return (end - (pieces.count > 1 ? pieces[pieces.count - 2].end : start)).unit
        case .curve(_, let control, let end): return (end - control).unit
        case nil: return Point(x: 0, y: 0)
        }
    }

    /// Everything the line passes or is drawn to.
    var points: [Point] {
        [start]
            + pieces.flatMap { piece in
                switch piece {
                case .line(let end): [end]
                case .curve(let first, let second, let end): [first, second, end]
                }
            }
    }

    /// The same line, its end drawn back by `length` to make room for an arrowhead.
    func shortened(by length: Double) -> EdgePath {
        let new = end - heading * length
        var pieces = pieces
        switch pieces.popLast() {
        case .line: pieces.append(.line(new))
        case .curve(let first, let second, _): pieces.append(.curve(first, second, new))
        case nil: break
        }
        return EdgePath(start: start, pieces: pieces)
    }
}

extension EdgePath.Piece {
    fileprivate var end: Diagram.Point {
        switch self {
        case .line(let end), .curve(_, _, let end): end
        }
    }
}
