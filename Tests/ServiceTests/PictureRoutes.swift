import Foundation
import HTTP
import Images
import TensorFormats
import Testing

@testable import Service

@Suite struct `Picture routes` {
    private func labels(_ reply: Reply) throws -> [String] {
        let list = try #require(try reply.json()["predictions"] as? [[String: Any]])
        return list.compactMap { $0["label"] as? String }
    }

    @Test func `classifies a file, a form, base64, pixels and npy alike`() throws {
        let file = try Fixture.file(Fixture.shirt)
        let image = try Image(decoding: file)
        let pixels = image.samples.map(String.init).joined(separator: ",")
        let numbers = image.samples.map { Float($0) }
        let form =
            Array(
                "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n".utf8
            )
            + file + Array("\r\n--b--\r\n".utf8)
        let bodies: [(String, [UInt8])] = [
            ("image/png", file), ("application/x-www-form-urlencoded", file),
            ("multipart/form-data; boundary=b", form),
            (
                "application/json",
                Array("{\"image\":\"\(Data(file).base64EncodedString())\"}".utf8)
            ),
            ("application/json", Array("{\"pixels\":[\(pixels)]}".utf8)),
            ("application/x-npy", NPY.encode(shape: [28, 28], values: numbers.span)),
            ("application/x-npy", NPY.encode(shape: [1, 28, 28], values: numbers.span)),
            ("application/x-npy", NPY.encode(shape: [28, 28, 1], values: numbers.span)),
        ]
        let first = try Reply("POST", "/models/fashion/classify", body: file)
        #expect(first.status == 200, "\(first.text)")
        #expect(try labels(first).first == "Shirt")
        for (type, body) in bodies {
            let reply = try Reply(
                "POST",
                "/models/fashion/classify",
                [("Content-Type", type)],
                body: body
            )
            #expect(reply.text == first.text, "as \(type)")
        }
    }

    @Test func `several files of a form are a batch, in order`() throws {
        let names = ["fashion/examples/shirt.png", "fashion/examples/sneaker.png"]
        var form: [UInt8] = []
        for name in names {
            form += "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n".utf8
            form += try Fixture.file(name)
            form += "\r\n".utf8
        }
        form += "--b--\r\n".utf8
        let reply = try Reply(
            "POST",
            "/models/fashion/classify?top=1",
            [("Content-Type", "multipart/form-data; boundary=b")],
            body: form
        )
        let results = try #require(try reply.json()["results"] as? [[String: Any]])
        let found = results.compactMap { $0["predictions"] as? [[String: Any]] }
            .compactMap { $0.first?["label"] as? String }
        #expect(found == ["Shirt", "Sneaker"])
    }

    @Test func `probabilities sum to 1 and come sorted`() throws {
        let reply = try Reply(
            "POST",
            "/models/fashion/classify?top=10",
            body: try Fixture.file(Fixture.shirt)
        )
        let list = try #require(try reply.json()["predictions"] as? [[String: Any]])
        let values = list.compactMap { $0["probability"] as? Double }
        #expect(values.count == 10)
        #expect(abs(values.reduce(0, +) - 1) < 1e-6)
        #expect(values == values.sorted(by: >))
    }

    @Test func `features agree in JSON and npy and say their shape`() throws {
        let file = try Fixture.file(Fixture.shirt)
        let json = try Reply("POST", "/models/fashion/features?layer=pool1", body: file)
        let npy = try Reply(
            "POST",
            "/models/fashion/features?layer=pool1",
            [("Accept", "application/x-npy")],
            body: file
        )
        // SAFETY: an array of bytes has no padding that could be read.
        let tensor = try unsafe NPY.decode(npy.response.body.span.bytes)
        #expect(tensor.shape == [32, 14, 14])
        let layers = try #require(try json.json()["layers"] as? [String: [String: Any]])
        let layer = try #require(layers["pool1"])
        #expect(layer["shape"] as? [Int] == [32, 14, 14])
        let data = try #require(layer["data"] as? [[[Double]]])
        #expect(data.joined().joined().map { Float($0) } == tensor.values)
    }

    @Test func `one map alone is that of all maps, and one that is not there is refused`() throws {
        let file = try Fixture.file(Fixture.shirt)
        let npy = [("Accept", "application/x-npy")]
        func map(_ query: String) throws -> TensorData {
            let target = "/models/fashion/features?layer=pool1\(query)"
            let reply = try Reply("POST", target, npy, body: file)
            // SAFETY: an array of bytes has no padding that could be read.
            return try unsafe NPY.decode(reply.response.body.span.bytes)
        }
        let all = try map("")
        let seventh = try map("&map=6")
        #expect(seventh.shape == [1, 14, 14])
        #expect(seventh.values == Array(all.values[6 * 196..<7 * 196]))
        let refused = try Reply("POST", "/models/fashion/features?layer=pool1&map=32", body: file)
        #expect(refused.status == 400)
        #expect(refused.text.contains("from 0 to 31"), "\(refused.text)")
    }

    @Test func `pooled features are the maxima and means of the maps`() throws {
        let file = try Fixture.file(Fixture.shirt)
        let npy = [("Accept", "application/x-npy")]
        func values(_ query: String) throws -> [Float] {
            let reply = try Reply("POST", "/models/fashion/features?\(query)", npy, body: file)
            // SAFETY: an array of bytes has no padding that could be read.
            return try unsafe NPY.decode(reply.response.body.span.bytes).values
        }
        let maps = try values("layer=pool2")
        let maxima = try values("layer=pool2&pool=max")
        let means = try values("layer=pool2&pool=mean")
        for channel in maxima.indices {
            let map = maps[channel * 49..<(channel + 1) * 49]
            #expect(maxima[channel] == map.max())
            let mean = map.reduce(0.0) { $0 + Double($1) } / 49
            #expect(abs(Double(means[channel]) - mean) <= 1e-5 * max(1, abs(mean)))
        }
    }

    @Test(arguments: [
        ("POST", "/models/fashion/features?layer=conv1", Fixture.shirt),
        ("POST", "/models/fashion/features?layer=dense", Fixture.shirt),
        ("POST", "/models/fashion/preview", Fixture.shirt),
        ("GET", "/models/fashion/kernels", nil),
        ("GET", "/models/fashion/kernels?layer=conv2", nil),
        ("GET", "/models/v1/kernels", nil),
    ])
    func `pictures decode and say what they show`(
        method: String,
        target: String,
        path: String?
    ) throws {
        let body = try path.map { try Fixture.file($0) } ?? []
        let reply = try Reply(method, target, [("Accept", "image/png")], body: body)
        #expect(reply.status == 200, "\(target)")
        #expect(reply.header("Content-Type") == "image/png")
        #expect(reply.header("X-Striate-Picture")?.isEmpty == false)
        let image = try Image(decoding: reply.response.body)
        #expect(image.width >= 28)
    }

    /// Of the files that ImagesTests/Golden/odd.py makes.
    private func oddFile(_ name: String) throws -> [UInt8] {
        struct OddFile: Decodable {
            var name: String
            var file: Data
        }
        let golden = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "ImagesTests/Golden/odd.json")
        let files = try JSONDecoder().decode([OddFile].self, from: Data(contentsOf: golden))
        return Array(try #require(files.first { $0.name == name }).file)
    }

    @Test func `a file that is only odd is answered with a warning`() throws {
        let odd = try oddFile("JPEG without an end")
        let warned = try Reply("POST", "/models/fashion/classify", body: odd)
        #expect(warned.status == 200, "\(warned.text)")
        #expect(warned.header("X-Striate-Warning")?.contains("Premature end") == true)
        let form = Array("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".utf8)
        let forms = form + (try Fixture.file(Fixture.shirt)) + Array("\r\n".utf8) + form + odd
        let reply = try Reply(
            "POST",
            "/models/fashion/classify",
            [("Content-Type", "multipart/form-data; boundary=b")],
            body: forms + Array("\r\n--b--\r\n".utf8)
        )
        #expect(reply.header("X-Striate-Warning")?.hasPrefix("picture 1: ") == true)
        let plain = try Reply("POST", "/models/fashion/classify", body: Fixture.file(Fixture.shirt))
        #expect(plain.header("X-Striate-Warning") == nil)
    }

    @Test func `inks are read, whatever the model takes`() throws {
        let file = try oddFile("JPEG in YCCK")
        for model in ["fashion", "v1"] {
            let reply = try Reply("POST", "/models/\(model)/preview", body: file)
            #expect(reply.status == 200, "\(reply.text)")
        }
    }

    @Test func `the preview is what the network is given`() throws {
        let file = try Fixture.file(Fixture.shirt)
        let preview = try Reply("POST", "/models/fashion/preview", body: file).response.body
        #expect(try Image(decoding: preview) == Image(decoding: file))
    }

    @Test func `a table of labels comes as CSV`() throws {
        let reply = try Reply(
            "POST",
            "/models/fashion/classify?top=2",
            [("Accept", "text/csv")],
            body: try Fixture.file(Fixture.shirt)
        )
        let lines = reply.text.split(whereSeparator: \.isNewline)
        #expect(lines.first == "picture,rank,label,index,probability")
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("0,1,Shirt,6,"))
    }
}
