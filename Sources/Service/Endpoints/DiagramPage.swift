import Diagrams
import Models
import Telemetry
import TensorFormats
import Texts

/// `GET /models/{m}/graph`: the network as a picture, or its nodes and edges as JSON.
enum DiagramPage {
    static let route = Route(
        method: .get,
        template: "/models/{model}/graph",
        summary: """
            The network as a picture: the circuit of a recurrent one, or its unfolded graph; the \
            layers of a convolutional one with their sizes.
            """,
        placement: .queue,
        isRevalidated: true,
        query: [
            QueryKey(
                name: "unfold",
                kind: .integer(1...Diagram.mostSteps),
                summary: "Over how many steps a recurrent network is unfolded; not for others."
            )
        ],
        forms: [.svg, .json],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        answer: Schema.answer(
            "Diagram",
            [("kind", Schema.string), ("nodes", Schema.nested), ("edges", Schema.nested)]
        ),
        answerExample: [
            "model": "orbit", "version": "1", "kind": "circuit",
            "nodes": [["id": "s", "role": "state", "label": "s", "part": "circuit"]],
            "edges": [["from": "s", "to": "delay s", "label": .null, "part": "circuit"]],
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        let steps = try call.integer("unfold", in: 1...Diagram.mostSteps)
        let diagram = try diagram(of: NetworkOutline(model), steps: steps)
        call.stopwatch.enter(.encode)
        if call.form == .json {
            let names: [(String, JSON)] = [
                ("model", .string(model.name)), ("version", .string(model.version)),
            ]
            return Answer(.object(names + diagram.members))
        }
        return Answer(.svg, body: diagram.svg)
    }

    /// The kind of diagram that suits the network.
    static func diagram(
        of outline: NetworkOutline,
        steps: Int?
    ) throws(ServiceError) -> Diagram {
        if let steps, !outline.isUnfoldable {
            let kind =
                outline.isTree
                ? "composes over trees"
                : outline.isSequential ? "has too many layers" : "is not recurrent"
            throw .unwantedField(
                "unfold",
                reason: "the model \(quoted(outline.name)) \(kind)",
                got: String(steps)
            )
        }
        return Diagram.drawing(outline, steps: steps)
    }
}
