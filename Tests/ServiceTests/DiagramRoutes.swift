import Files
import Foundation
import Models
import TensorFormats
import Testing

@testable import Diagrams
@testable import Service

@Suite struct `The graph route` {
    @Test func `draws every shipped model, unfolded where it has steps`() throws {
        for model in Fixture.service.repository.models {
            let path = "/models/\(model.name)/graph"
            let reply = try Reply("GET", path)
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.header("Content-Type") == "image/svg+xml")
            #expect(reply.text.hasPrefix("<svg") && reply.text.hasSuffix("</svg>\n"))
            #expect(model.manifest.operations.contains("graph"))
            let outline = NetworkOutline(model)
            let unseen: Set = ["OneHot", "QuantizeLinear", "DequantizeLinear"]
            // Of an exporter's cells the plumbing around them is left out.
            let isWhole = outline.tree == nil && !(model.isImported && !model.stateNames.isEmpty)
            for layer in model.layers where !unseen.contains(layer.op) && isWhole {
                #expect(reply.text.contains(">\(layer.name)<"), "\(model.name): \(layer.name)")
            }
            for steps in [1, 2, 32] {
                let unfolded = try Reply("GET", "\(path)?unfold=\(steps)")
                let expected = outline.isUnfoldable ? 200 : 400
                #expect(unfolded.status == expected, "\(model.name): \(unfolded.text)")
            }
        }
    }

    @Test func `lists nodes and edges as JSON`() throws {
        let accept = [("Accept", "application/json")]
        let reply = try Reply("GET", "/models/scripture/graph?unfold=3", accept)
        let document = try reply.json()
        #expect(document["kind"] as? String == "unfolded")
        let nodes = try #require(document["nodes"] as? [[String: Any]])
        let steps = nodes.filter { $0["part"] as? String == "unfolded" }
        #expect(steps.filter { $0["role"] as? String == "input" }.count == 3)
        #expect(steps.contains { $0["label"] as? String == "h^(0)" })
        #expect((document["edges"] as? [[String: Any]])?.isEmpty == false)
    }

    @Test func `refuses what it cannot draw`() throws {
        let rows: [(String, String, Int, String)] = [
            ("scripture/graph?unfold=0", "", 400, "from 1 to 32"),
            ("scripture/graph?unfold=33", "", 400, "from 1 to 32"),
            ("scripture/graph?unfold=three", "", 400, "from 1 to 32"),
            ("fashion/graph?unfold=3", "", 400, "is not recurrent"),
            ("fashion/graph", "image/png", 406, "image/svg+xml"),
            ("nobody/graph", "", 404, "nobody"),
        ]
        for (path, accept, status, phrase) in rows {
            let headers = accept.isEmpty ? [] : [("Accept", accept)]
            let reply = try Reply("GET", "/models/\(path)", headers)
            #expect(reply.status == status, "\(path): \(reply.text)")
            #expect(reply.text.contains(phrase), "\(path): \(reply.text)")
        }
        #expect(throws: ServiceError.self) {
            try DiagramPage.diagram(of: Outlines.tree, steps: 2)
        }
    }

    @Test func `comes with the layers as CSV at the model's own route`() throws {
        let reply = try Reply("GET", "/models/fashion", [("Accept", "text/csv")])
        #expect(reply.status == 200)
        let lines = reply.text.split(whereSeparator: \.isNewline)
        #expect(lines.first == "layer,operator,output,parameters,multiply_adds,receptive_field")
        #expect(lines.contains("conv1,Conv,1x64x28x28,1664,1254400,5x5"))
        let fashion = try #require(Fixture.service.repository.model(named: "fashion"))
        #expect(lines.count == fashion.layers.count + 1)
    }
}
