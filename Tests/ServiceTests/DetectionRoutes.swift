import Foundation
import HTTP
import Images
import Models
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TensorFormats
import Testing

@testable import Service

/// Networks whose answers are known: they add their picture's mean times zero to a constant.
@Suite struct `Detection and segmentation routes` {
    private static func network(_ shape: [Int64], _ values: [Float]) throws -> Data {
        var mean = SmallOnnx.node("ReduceMean", ["images"], ["mean"])
        mean.attribute = [
            .with {
                $0.name = "keepdims"
                $0.type = .int
                $0.i = 0
            }
        ]
        let model = SmallOnnx.model(
            [
                mean, SmallOnnx.node("Mul", ["mean", "zero"], ["nothing"]),
                SmallOnnx.node("Add", ["nothing", "answer"], ["output"]),
            ],
            inputs: [SmallOnnx.port("images", [1, 3, 40, 40])],
            outputs: [SmallOnnx.port("output", shape.map { $0 })],
            constants: [
                SmallOnnx.tensor("zero", [1], [0]), SmallOnnx.tensor("answer", shape, values),
            ]
        )
        return try model.serializedBytes()
    }

    private static func manifest(_ name: String, _ task: String, _ more: String) -> Data {
        Data(
            """
            {"name": "\(name)", "task": "\(task)", \(more), "labels": "labels.txt",
             "preprocessing": {"colour": "rgb", "fit": "pad"},
             "input": {"name": "images", "channels": 3, "height": 40, "width": 40}}
            """.utf8
        )
    }

    /// Three boxes of two classes, [1, 4 + 2, 3]: two of them nearly the same.
    private static let boxes: [Float] = [
        20, 20.5, 25, 20, 20, 21, 10, 10, 20, 10, 10, 6, 0.9, 0.8, 0, 0, 0, 0.5,
    ]
    /// [1, 2, 2, 2]: a 1 at the top left and 0 elsewhere.
    private static let scores: [Float] = [0, 1, 1, 1, 1, 0, 0, 0]

    private static let service: Service = {
        do {
            let labels = Data("cat\ndog\n".utf8)
            return try SmallOnnx.inFolder([
                "finder/model.onnx": network([1, 6, 3], boxes),
                "finder/model.json": manifest(
                    "finder",
                    "image-detection",
                    #""detection": {"form": "yolov8"}"#
                ),
                "finder/labels.txt": labels,
                "painter/model.onnx": network([1, 2, 2, 2], scores),
                "painter/model.json": manifest(
                    "painter",
                    "image-segmentation",
                    #""segmentation": {}"#
                ),
                "painter/labels.txt": labels,
            ]) { Fixture.service(folders: [$0]) { _ in } }
        } catch {
            fatalError("\(error)")
        }
    }()

    /// A picture twice as wide as high: the network is given it between bars of 10 rows.
    private static func picture(_ width: Int = 80, _ height: Int = 40) throws -> [UInt8] {
        let samples = [UInt8](repeating: 90, count: width * height * 3)
        return try Image(width: width, height: height, channels: 3, samples: samples).encodedPNG()
    }

    private func post(
        _ path: String,
        _ accept: String = "application/json",
        body: [UInt8]? = nil
    ) throws -> Reply {
        try Reply(
            "POST",
            path,
            [("Accept", accept)],
            body: try body ?? Self.picture(),
            from: Self.service
        )
    }

    @Test func `boxes are in the picture's own pixels, and none covers another of its label`()
        throws
    {
        let json = try post("/models/finder/detect").json()
        #expect(json["width"] as? Int == 80 && json["height"] as? Int == 40)
        let boxes = try #require(json["boxes"] as? [[String: Any]])
        #expect(boxes.map { $0["label"] as? String } == ["cat", "dog"])
        #expect(boxes.map { $0["box"] as? [Double] } == [[30, 10, 50, 30], [30, 16, 70, 28]])
    }

    @Test func `options say how many, how sure and how much they may overlap`() throws {
        func count(_ query: String) throws -> Int {
            let json = try post("/models/finder/detect?\(query)").json()
            return (json["boxes"] as? [Any])?.count ?? -1
        }
        #expect(try count("iou=1") == 3)
        #expect(try count("top=1") == 1)
        #expect(try count("confidence=0.6") == 1)
        #expect(try count("confidence=1") == 0)
        for query in ["iou=2", "confidence=x", "top=0", "top=1001", "least=1"] {
            #expect(try post("/models/finder/detect?\(query)").status == 400, "\(query)")
        }
    }

    @Test func `boxes come as a table and as a drawing on the picture`() throws {
        let table = try post("/models/finder/detect", "text/csv").text
        #expect(
            table.hasPrefix(
                "picture,rank,label,index,score,left,top,right,bottom\r\n0,1,cat,0,0.9,30"
            )
        )
        let reply = try post("/models/finder/detect", "image/png")
        let image = try Image(decoding: reply.response.body)
        #expect(image.width == 80 && image.height == 40)
        func pixel(_ column: Int, _ row: Int) -> [UInt8] {
            Array(image.samples[(row * 80 + column) * 3..<(row * 80 + column) * 3 + 3])
        }
        // On an edge there is the label's colour, inside and outside what there was.
        #expect(pixel(30, 20) != [90, 90, 90])
        #expect(pixel(40, 22) == [90, 90, 90])
        #expect(pixel(5, 35) == [90, 90, 90])
    }

    @Test func `a large picture is drawn on at a smaller size`() throws {
        let body = try Self.picture(3000, 10)
        let reply = try post("/models/finder/detect", "image/png", body: body)
        let image = try Image(decoding: reply.response.body)
        #expect(image.width == 1280 && image.height == 4)
    }

    @Test func `a mask has the picture's size, and nothing where the network saw bars`() throws {
        let json = try post("/models/painter/segment").json()
        let classes = try #require(json["classes"] as? [[String: Any]])
        #expect(classes.map { $0["label"] as? String } == ["cat", "dog"])
        #expect(classes.map { $0["pixels"] as? Int } == [2400, 800])
        #expect(classes[1]["box"] as? [Int] == [0, 0, 40, 20])
        let runs = try #require(json["runs"] as? [[Int]])
        #expect(runs.reduce(0) { $0 + $1[1] } == 3200)
        #expect(runs.prefix(2) == [[1, 40], [0, 40]])
        let array = try post("/models/painter/segment", "application/x-npy").response.body
        let mask = try unsafe NPY.decode(array.span.bytes, limit: 4000)
        #expect(mask.shape == [40, 80])
        #expect(mask.values.filter { $0 == 1 }.count == 800)
        let image = try Image(
            decoding: try post("/models/painter/segment", "image/png").response.body
        )
        #expect(Array(image.samples[3 * 79..<3 * 80]) == [90, 90, 90])
        #expect(Array(image.samples[..<3]) != [90, 90, 90])
    }

    @Test func `several pictures are several results, and cannot be one drawing`() throws {
        var form: [UInt8] = []
        for _ in 0..<2 {
            form += "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n".utf8
            form += try Self.picture() + Array("\r\n".utf8)
        }
        form += "--b--\r\n".utf8
        func reply(_ path: String, _ accept: String) throws -> Reply {
            let type = ("Content-Type", "multipart/form-data; boundary=b")
            return try Reply(
                "POST",
                path,
                [type, ("Accept", accept)],
                body: form,
                from: Self.service
            )
        }
        for path in ["/models/finder/detect", "/models/painter/segment"] {
            let json = try reply(path, "application/json").json()
            #expect((json["results"] as? [Any])?.count == 2)
            #expect(try reply(path, "image/png").status == 400)
        }
    }

    @Test func `other models refuse, and say what they offer`() throws {
        let reply = try Reply(
            "POST",
            "/models/fashion/detect",
            body: try Fixture.file(Fixture.shirt)
        )
        #expect(reply.status == 400 || reply.status == 404 || reply.status == 409)
        #expect(reply.text.contains("cannot detect; it offers classify"))
        #expect(try post("/models/finder/segment").text.contains("it offers detect"))
    }

    @Test func `a form that names no output is refused when the model is loaded`() throws {
        let files = [
            "lost/model.onnx": try Self.network([1, 6, 3], Self.boxes),
            "lost/model.json": Self.manifest(
                "lost",
                "image-detection",
                #""detection": {"form": "boxes", "boxes": "output", "scores": "scores"}"#
            ),
            "lost/labels.txt": Data("cat\ndog\n".utf8),
        ]
        try SmallOnnx.inFolder(files) { folder in
            let failures = Fixture.service(folders: [folder]) { _ in }.repository.failures
            #expect("\(failures)".contains("scores"), "\(failures)")
        }
    }
}
