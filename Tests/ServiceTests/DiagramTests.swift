import Foundation
import Models
import Testing

@testable import Diagrams
@testable import Service

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite struct `Diagrams of networks` {
    /// Every outline, alone and, if it has steps, unfolded.
    private static let drawings: [(outline: NetworkOutline, steps: Int?)] = Outlines.all.flatMap {
        outline -> [(NetworkOutline, Int?)] in
        let unfolds: [Int?] =
            outline.isUnfoldable ? [nil, 1, 2, 3, 16, 17, 32] : [nil]
        return unfolds.map { (outline, $0) }
    }

    private func diagram(_ outline: NetworkOutline, _ steps: Int?) throws -> Diagram {
        try DiagramPage.diagram(of: outline, steps: steps)
    }

    @Test func `are well-formed and the same each time`() throws {
        for (outline, steps) in Self.drawings {
            let bytes = DiagramDrawing.draw(try diagram(outline, steps))
            let reader = XMLReader(bytes)
            #expect(reader.isWellFormed, "\(outline.name) \(steps ?? 0)")
            #expect(reader.elements["svg"] == 1)
            #expect(reader.elements["title"] == 1)
            #expect(bytes == DiagramDrawing.draw(try diagram(outline, steps)))
        }
    }

    @Test func `have edges between nodes that are there, and names used once`() throws {
        for (outline, steps) in Self.drawings {
            let diagram = try diagram(outline, steps)
            for part in [true, false] {
                let ids = diagram.nodes.filter { $0.isCircuit == part }.map(\.id)
                #expect(Set(ids).count == ids.count, "\(outline.name) \(steps ?? 0)")
                for edge in diagram.edges where edge.isCircuit == part {
                    #expect(ids.contains(edge.from), "\(outline.name): \(edge.from)")
                    #expect(ids.contains(edge.to), "\(outline.name): \(edge.to)")
                }
            }
        }
    }

    @Test func `keep nodes and labels apart`() throws {
        for (outline, steps) in Self.drawings {
            let diagram = try diagram(outline, steps)
            let nodes = diagram.nodes.map { Frame($0) }
            let labels = diagram.edges.compactMap { Frame($0) }
            let captions = diagram.captions.map { Frame($0) }
            let frames = nodes + labels + captions
            for first in frames.indices {
                for second in frames.indices.dropFirst(first + 1) {
                    #expect(
                        !frames[first].overlaps(frames[second]),
                        "\(outline.name) \(steps ?? 0): \(frames[first].name), \(frames[second].name)"
                    )
                }
            }
        }
    }

    @Test func `unfold a recurrent network over three steps`() throws {
        let whole = try diagram(Outlines.sequence("elman", [("RNN", [:])]), 3)
        let nodes = whole.nodes.filter { !$0.isCircuit }
        let edges = whole.edges.filter { !$0.isCircuit }
        func count(_ symbol: String) -> Int { nodes.filter { $0.id.hasPrefix(symbol) }.count }
        #expect(["x", "h", "o", "ŷ"].map(count) == [3, 4, 3, 3] as [Int])
        func labels(_ text: String) -> Int { edges.filter { $0.label?.plain == text }.count }
        #expect(["U", "W", "V"].map(labels) == [3, 3, 3] as [Int])
        #expect(edges.count == 12)
        #expect(edges.contains { $0.from == "h(2)" && $0.to == "h(3)" })
        #expect(!edges.contains { $0.from == "h(1)" && $0.to == "h(3)" })
        let circuit = whole.nodes.filter(\.isCircuit)
        #expect(circuit.map(\.id) == ["x", "h", "o", "ŷ", "delay h"])
    }

    @Test func `feed a Jordan network's output back, or its softmax`() throws {
        for (feedback, symbol) in [("output", "o"), ("softmax", "ŷ")] {
            let diagram = try diagram(Outlines.jordan(feedback), 2)
            let back = diagram.edges.filter { !$0.isCircuit && $0.label?.plain == "W" }
            #expect(back.map(\.from) == ["\(symbol)(0)", "\(symbol)(1)"])
            #expect(back.map(\.to) == ["h(1)", "h(2)"])
            let looped = diagram.edges.filter { $0.from.hasPrefix("delay") }
            #expect(looped.map(\.from) == ["delay \(symbol)"])
            #expect(looped.map(\.to) == ["h"])
        }
    }

    @Test func `read both ends of a sequence that is classified`() throws {
        let outline = try #require(Outlines.sequences.first { $0.name == "language" })
        let diagram = try diagram(outline, 4)
        let edges = diagram.edges.filter { !$0.isCircuit }
        let ends = edges.filter { $0.to == "join h2(4)" }.map(\.from)
        #expect(Set(ends) == ["h2(4)", "g2(1)"])
        #expect(diagram.nodes.filter { !$0.isCircuit && $0.role == .output }.count == 1)
        #expect(edges.contains { $0.from == "g1(3)" && $0.to == "g1(2)" })
        #expect(edges.contains { $0.from == "g1(5)" && $0.to == "g1(4)" })
    }

    @Test func `draw a long unfolding with dots, a deep stack without its middle`() throws {
        let long = try diagram(Outlines.sequence("elman", [("RNN", [:])]), 32)
        let inputs = long.nodes.filter { !$0.isCircuit && $0.id.hasPrefix("x") }.map(\.id)
        #expect(inputs.count == 16 && inputs.contains("x(…)") && inputs.last == "x(32)")
        let deep = try diagram(Outlines.deep(500), nil)
        #expect(deep.nodes.count == 200)
        #expect(deep.captions.contains { $0.text.plain == "… 302 more layers …" })
        #expect(deep.edges.count == 199)
        let many = try diagram(Outlines.manyCells, nil)
        #expect(many.kind == .stack && many.nodes.contains { $0.repeats == 300 })
        #expect(throws: ServiceError.self) { try diagram(Outlines.manyCells, 2) }
    }

    @Test func `draw blocks that come again once, and say how often`() throws {
        let diagram = try diagram(Outlines.stages, nil)
        // The input, the stem, and of each stage the first block (four rows) and one of the others (three).
        #expect(diagram.nodes.count == 2 + 4 * (4 + 3))
        let counts = diagram.nodes.filter { $0.repeats > 1 }.map { "\($0.id) \($0.repeats)" }
        #expect(
            counts == [
                "s0.2.a 2", "s0.2.b 2", "s0.2.sum 2", "s1.2.a 3", "s1.2.b 3", "s1.2.sum 3",
                "s2.2.a 5", "s2.2.b 5", "s2.2.sum 5", "s3.2.a 2", "s3.2.b 2", "s3.2.sum 2",
            ]
        )
        #expect(diagram.captions.contains { $0.text.plain == "× 5" })
        // The next stage reads the block that is drawn.
        #expect(diagram.edges.contains { $0.from == "s2.2.sum" && $0.to == "s3.1.a" })
        #expect(diagram.edges.contains { $0.from == "s2.2.sum" && $0.to == "s3.1.d" })
    }

    @Test func `escape the names of layers`() throws {
        let name = "<script>alert(\"1\")</script>&'\u{1}\u{FFFE}]]>"
        var outline = Outlines.residual
        outline.layers[0].name = name
        outline.layers[1].inputs = [name]
        outline.layers[6].inputs[1] = name
        outline.layers[2].op = name
        for outline in [outline, Outlines.sequence(name, [(name, [:])])] {
            let bytes = DiagramDrawing.draw(try diagram(outline, nil))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(XMLReader(bytes).isWellFormed)
            #expect(!text.contains("<script") && text.contains("&lt;script&gt;"))
        }
    }
}

/// What a node or a text covers; texts by the estimate the drawing uses.
private struct Frame {
    let name: String
    let left, right, top, bottom: Double

    init(_ node: Diagram.Node) {
        name = node.id
        let (width, height): (Double, Double) =
            switch node.shape {
            case .circle(let radius): (2 * radius, 2 * radius)
            case .box(let width, let height): (width, height)
            case .slab(let width, let height, let depth):
                (width + depth * 0.5, height + depth * 0.36)
            case .none: (20, 10)
            }
        left = node.at.x - width / 2
        right = node.at.x + width / 2
        top = node.at.y - height / 2
        bottom = node.at.y + height / 2
    }

    init?(_ edge: Diagram.Edge) {
        guard let label = edge.label else { return nil }
        self.init("\(edge.from)→\(edge.to)", label, edge.labelAt, 17, edge.anchor)
    }

    init(_ caption: Diagram.Caption) {
        self.init(caption.text.plain, caption.text, caption.at, caption.size, caption.anchor)
    }

    private init(
        _ name: String,
        _ text: MathText,
        _ at: Diagram.Point,
        _ size: Double,
        _ anchor: Diagram.Anchor
    ) {
        self.name = name
        let width = text.width(size: size)
        left = anchor == .start ? at.x : anchor == .end ? at.x - width : at.x - width / 2
        right = left + width
        top = at.y - size * 0.72
        bottom = at.y
    }

    func overlaps(_ other: Frame) -> Bool {
        left < other.right && other.left < right && top < other.bottom && other.top < bottom
    }
}

/// Whether bytes are well-formed XML, and how often each element occurs.
private final class XMLReader: NSObject, XMLParserDelegate {
    private(set) var isWellFormed = false
    private(set) var elements: [String: Int] = [:]

    init(_ bytes: [UInt8]) {
        super.init()
        let parser = XMLParser(data: Data(bytes))
        parser.delegate = self
        isWellFormed = parser.parse()
    }

    func parser(
        _ parser: XMLParser,
        didStartElement name: String,
        namespaceURI: String?,
        qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        elements[name, default: 0] += 1
    }
}
