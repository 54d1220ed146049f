import Compute
import Graph

/// A value as a node reads it: its place among the values or the constants, or left out.
enum Operand: Sendable, Hashable {
    case absent
    case value(Int)
    case constant(Int)
}

/// The places of a graph's values and constants.
struct ValuePlaces: Sendable {
    private(set) var names: [String] = []
    private var places: [String: Operand] = [:]
    private var constantCount = 0

    /// Inputs, outer values, and what nodes make are values; a name that is both is a value.
    init(_ graph: Graph) {
        for input in graph.inputs { add(input.name) }
        for node in graph.nodes {
            for name in node.outputs { add(name) }
        }
        for name in graph.constants.keys.sorted() where places[name] == nil {
            places[name] = .constant(constantCount)
            constantCount += 1
        }
    }

    /// The place of a name, made for one that comes from outside.
    @discardableResult
    mutating func add(_ name: String) -> Operand {
        if let known = places[name] { return known }
        guard !name.isEmpty else { return .absent }
        places[name] = .value(names.count)
        names.append(name)
        return .value(names.count - 1)
    }

    subscript(name: String) -> Operand? { name.isEmpty ? .absent : places[name] }

    func value(_ name: String) -> Int? {
        if case .value(let place) = places[name] { place } else { nil }
    }
}

/// A node ready to be evaluated: what it reads and writes by place.
struct PreparedNode: Sendable {
    struct Inner: Sendable {
        let name: String
        let program: Program
        /// The values of this graph that the inner one takes, in its order.
        let captured: [Operand]
    }

    let node: Node
    let evaluator: any Operator
    let graphs: [Inner]
    let inputs: [Operand]
    /// Places of values, or nil for outputs nobody named.
    let outputs: [Int?]
    /// Values the node needs, graphs inside of it included.
    let readValues: [Int]
    /// All it reads, by name.
    let reads: [String]

    /// Whether plans may take the node, given the right values.
    let mayBePlanned: Bool

    init(
        _ node: Node,
        in outer: Graph,
        _ places: inout ValuePlaces,
        origin: Program.Origin,
        tools: ProgramTools
    ) throws(ModelError) {
        var node = node
        var problems: [ModelError] = []
        var graphs: [Inner] = []
        var reads = node.inputs.filter { !$0.isEmpty }
        for (name, attribute) in node.attributes.sorted(by: { $0.key < $1.key }) {
            guard case .graph(let graph) = attribute else { continue }
            do throws(ModelError) {
                let program = try Program(
                    graph.takingConstants(of: outer),
                    tools: tools.forAnotherGraph
                )
                let captured = program.captured.map { places.add($0) }
                graphs.append(Inner(name: name, program: program, captured: captured))
                reads += program.captured
                node.attributes[name] = .graph(program.graph)
            } catch {
                problems.append(error)
            }
        }
        do throws(ModelError) {
            evaluator = try origin.isLayers ? Operators.layer(node) : Operators.make(node)
        } catch {
            throw .several([error] + problems)
        }
        guard problems.isEmpty else { throw .several(problems) }
        self.node = node
        mayBePlanned = Operators.mayBePlanned(node.op)
        self.graphs = graphs
        self.reads = reads
        inputs = node.inputs.map { places.add($0) }
        outputs = node.outputs.map { places.value($0) }
        readValues = Set(reads.compactMap { places.value($0) }).sorted()
    }
}
