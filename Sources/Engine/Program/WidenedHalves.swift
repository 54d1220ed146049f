import Compute
import Graph

/// A graph with floats of 16 bits as one that computes in float32, so that plans take it.
///
/// Constants stay as they are stored until they are packed. A cast to 16 bits rounds; what lies between is not
/// rounded. Inputs and outputs keep their types outside.
struct WidenedHalves {
    private(set) var graph: Graph
    /// The types of inputs and outputs that have 16 bits.
    let narrow: [String: ElementType]

    init(_ graph: Graph) {
        self.graph = graph
        let ports = (graph.inputs + graph.outputInfo).filter { Self.isHalf($0.type) }
        guard !Self.reinterprets(graph) else {
            narrow = [:]
            return
        }
        narrow = Dictionary(ports.map { ($0.name, $0.type) }) { first, _ in first }
        self.graph = Self.widened(graph)
    }

    private static func isHalf(_ type: ElementType?) -> Bool {
        type == .float16 || type == .bfloat16
    }

    /// Whether bits of one type are taken as those of another, which only numbers of 16 bits have.
    private static func reinterprets(_ graph: Graph) -> Bool {
        graph.nodes.contains { node in
            node.op == "BitCast"
                || node.attributes.values.contains { attribute in
                    if case .graph(let inner) = attribute { reinterprets(inner) } else { false }
                }
        }
    }

    private static func widened(_ graph: Graph) -> Graph {
        var result = graph
        result.constants = graph.constants.mapValues(widened)
        result.inputs = graph.inputs.map(widened)
        result.outputInfo = graph.outputInfo.map(widened)
        result.nodes = graph.nodes.flatMap(widened)
        return result
    }

    private static func widened(_ port: Graph.Input) -> Graph.Input {
        var port = port
        if isHalf(port.type) { port.type = .float32 }
        return port
    }

    private static func widened(_ tensor: Tensor) -> Tensor {
        guard isHalf(tensor.type) else { return tensor }
        if let stored = tensor.stored {
            return Tensor(shape: tensor.shape, stored: stored.widened)
        }
        let elements = tensor.elements
        guard tensor.count >= smallestStored else {
            return Tensor(shape: tensor.shape, elements: elements.widened)
        }
        let stored = StoredFloats(
            count: tensor.count,
            makePart: { part in elements.widened(part) }
        )
        return Tensor(shape: tensor.shape, stored: stored)
    }

    /// Constants from this many numbers on stay in 16 bits.
    private static let smallestStored = 1 << 12

    /// Attributes that say what type a result has.
    private static let types: Set = ["dtype", "output_dtype", "output_datatype"]

    private static func widened(_ node: Node) -> [Node] {
        var node = node
        for (name, attribute) in node.attributes {
            switch attribute {
            case .tensor(let tensor): node.attributes[name] = .tensor(widened(tensor))
            case .graph(let inner): node.attributes[name] = .graph(widened(inner))
            case .int(let number) where types.contains(name) && isHalf(ElementType(onnx: number)):
                node.attributes[name] = .int(1)
            default: break
            }
        }
        guard node.op == "Cast", node.outputs.count == 1,
            case .int(let to) = node.attributes["to"], isHalf(ElementType(onnx: to))
        else { return [node] }
        var narrow = Node(name: node.name, op: Narrow.name)
        narrow.attributes["to"] = .int(to)
        narrow.outputs = node.outputs
        node.attributes["to"] = .int(1)
        node.outputs = ["\(narrow.outputs[0])/wide"]
        narrow.inputs = node.outputs
        return [node, narrow]
    }
}

extension Tensor {
    /// The same with floats of 16 bits as float32.
    func widened(by kernels: KernelSet) -> Tensor {
        guard type == .float16 || type == .bfloat16 else { return self }
        if case .halves(let values) = elements {
            return Tensor(shape: shape, elements: .floats(kernels.widenHalves(values)))
        }
        return Tensor(shape: shape, elements: elements.widened)
    }

    /// The same with float32 in a type of 16 bits, if there is one.
    func narrowed(to type: ElementType?, by kernels: KernelSet) -> Tensor {
        guard let type else { return self }
        if type == .float16, case .floats(let values) = elements {
            return Tensor(shape: shape, elements: .halves(kernels.narrowHalves(values)))
        }
        return Tensor(shape: shape, elements: elements.narrowed(to: type))
    }
}
