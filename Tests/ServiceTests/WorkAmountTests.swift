import HTTP
import Testing

@testable import Service
@testable import Telemetry

@Suite struct `Work amounts` {
    private func units(
        _ route: Route,
        model: String,
        _ body: [UInt8],
        type: String = "text/plain"
    )
        throws -> Double
    {
        let request = try Request(
            "POST",
            "/",
            headers: [("Content-Type", type)],
            body: Bytes(body)
        )
        return WorkAmount.units(
            of: try Fixture.service.call(
                request,
                (route, PathParameters(model: model)),
                nil
            )
        )
    }

    @Test func `a text to be drawn counts by its length, not by its request's`() throws {
        func generated(_ body: String) throws -> Double {
            try units(
                Generate.route,
                model: "scripture",
                Array(body.utf8),
                type: "application/json"
            )
        }
        let long = try generated(#"{"text": "And ", "length": 10000}"#)
        let short = try generated(#"{"text": "And ", "length": 10}"#)
        #expect(long > 300 * short)
        let usual = try generated(#"{"text": "And "}"#)
        #expect(usual > 5 * short && usual < long / 50)
        // What stands in a text is no key.
        let quoted = try generated(#"{"text": "\"length\": 10000", "length": 10}"#)
        #expect(quoted < 2 * short)
        // Beyond what may be asked for, and not a number at all.
        #expect(try generated(#"{"length": 99999999999999999999999999}"#).isFinite)
        #expect(try generated(#"{"length": "#).isFinite)
    }

    @Test func `after long texts a short one is not refused for its deadline`() throws {
        let kind = CostEstimates.Kind(model: "scripture", operation: "generate")
        var estimates = CostEstimates()
        let bodies = [10_000, 10].map { Array(#"{"text": "And ", "length": \#($0)}"#.utf8) }
        let amounts = try bodies.map {
            try units(Generate.route, model: "scripture", $0, type: "application/json")
        }
        for _ in 0..<17 { estimates.learn(kind, units: amounts[0], seconds: 2.5) }
        #expect(estimates.seconds(of: kind, units: amounts[1]) < 0.01)
    }

    @Test func `symbols to be read count one by one`() throws {
        let text = Array(String(repeating: "And ", count: 25_000).utf8)
        let long = try units(Score.route, model: "scripture", text)
        let short = try units(Score.route, model: "scripture", Array(text.prefix(100)))
        #expect(long > 500 * short)
    }

    @Test func `a picture counts by its pixels`() throws {
        let shirt = try Fixture.file(Fixture.shirt)
        #expect(PictureHead.pixels(Bytes(shirt)) == 784)
        var header = Array(shirt.prefix(24))
        header.replaceSubrange(16..<24, with: [0, 0, 24, 0, 0, 0, 24, 0])
        #expect(PictureHead.pixels(Bytes(header)) == 6144 * 6144)
        let units = try units(Classify.route, model: "fashion", header, type: "image/png")
        #expect(units > 1000)
        header.replaceSubrange(16..<24, with: [255, 255, 255, 255, 255, 255, 255, 255])
        #expect(PictureHead.pixels(Bytes(header)) == 1_000_000_000)
    }

    @Test func `a JPEG file's size stands behind segments of any kind`() {
        let marker: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2]
        let frame: [UInt8] = [0xFF, 0xC2, 0, 17, 8, 0x01, 0x00, 0x02, 0x00, 3]
        #expect(PictureHead.pixels(Bytes(marker + frame)) == 256 * 512)
        #expect(PictureHead.pixels(Bytes(marker)) == nil)
        #expect(PictureHead.pixels(Bytes(Array(marker.prefix(3)))) == nil)
        let empty: [UInt8] =
            [0xFF, 0xD8] + Array(repeating: [0xFF, 0xE1, 0, 0], count: 500).joined()
        #expect(PictureHead.pixels(Bytes(empty)) == nil)
    }
}
