import Compute
import Foundation
import Logging
import Testing

@testable import Files
@testable import Models
@testable import Service

/// Numbers at the edges of their types, as other servers' clients send and read them.
@Suite struct `Unusual numbers` {
    /// Models y = Identity(x) of a vector of any length, named by the number of ONNX's element type.
    private static let service: Service = {
        let root = FileManager.default.temporaryDirectory.appending(path: "numbers-\(UUID())")
        for type in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16] as [UInt8] {
            let folder = root.appending(path: "t\(type)/1")
            do {
                try FileManager.default.createDirectory(
                    at: folder,
                    withIntermediateDirectories: true
                )
                try Data(identity(type)).write(to: folder.appending(path: "model.onnx"))
            } catch {
                Issue.record("\(error)")
            }
        }
        let service = Fixture.service(folders: [root]) { _ in }
        #expect(service.repository.failures.isEmpty, "\(service.repository.failures)")
        return service
    }()

    /// An ONNX file, as protobuf writes it.
    private static func identity(_ type: UInt8) -> [UInt8] {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            [number << 3 | 2, UInt8(bytes.count)] + bytes
        }
        func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
        func number(_ number: UInt8, _ value: UInt8) -> [UInt8] { [number << 3, value] }
        func port(_ name: String) -> [UInt8] {
            let shape = field(1, text(2, "N"))
            return text(1, name) + field(2, field(1, number(1, type) + field(2, shape)))
        }
        let node = text(1, "x") + text(2, "y") + text(4, "Identity")
        let graph =
            field(1, node) + text(2, "g") + field(11, port("x")) + field(12, port("y"))
        return number(1, 8) + field(7, graph) + field(8, number(2, 13))
    }

    private func infer(_ type: Int, _ datatype: String, _ data: String) throws -> Reply {
        let count = data.split(separator: ",").count
        let body = """
            {"inputs":[{"name":"x","shape":[\(count)],"datatype":"\(datatype)","data":[\(data)]}]}
            """
        return try post("/v2/models/t\(type)/infer", body)
    }

    private func post(_ target: String, _ body: String) throws -> Reply {
        try Reply("POST", target, body: [UInt8](body.utf8), from: Self.service)
    }

    @Test(
        arguments: [(1, "FP32"), (11, "FP64"), (10, "FP16"), (16, "BF16")] as [(Int, String)]
    )
    func `NaN and infinities go in and come out as the reference clients write them`(
        type: Int,
        datatype: String
    ) throws {
        let reply = try infer(type, datatype, "NaN, -Infinity,1.5,Infinity")
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.text.contains(#""data":[NaN,-Infinity,1.5,Infinity]"#), "\(reply.text)")
        // "data" before what says its type.
        let late = try post(
            "/v2/models/t\(type)/infer",
            #"{"inputs":[{"data":[NaN],"note":[NaN],"name":"x","shape":[1],"datatype":"\#(datatype)"}]}"#
        )
        #expect(late.text.contains(#""data":[NaN]"#), "\(late.text)")
    }

    @Test func `TensorFlow Serving's routes read and write them too`() throws {
        for (body, expected) in [
            (#"{"instances":[NaN,-Infinity,2]}"#, #"{"predictions":[NaN,-Infinity,2.0]}"#),
            (#"{"inputs":[Infinity,0.5]}"#, #"{"outputs":[Infinity,0.5]}"#),
            (#"{"instances":[{"x":NaN},{"x":1}]}"#, #"{"predictions":[NaN,1.0]}"#),
        ] {
            let reply = try post("/v1/models/t1:predict", body)
            #expect(reply.text == expected, "\(reply.text)")
        }
        let regress = try post("/v1/models/t1:regress", #"{"examples":[{"x":-Infinity},{"x":1}]}"#)
        #expect(regress.text == "{\"results\":[-Infinity,1.0]}\n", "\(regress.text)")
    }

    @Test(
        arguments: [
            (10, "FP16", "65504,-65504,0.0000142857,65519", 200),
            (10, "FP16", "65520", 400), (10, "FP16", "-70000", 400), (10, "FP16", "1e30", 400),
            (16, "BF16", "1e38", 200), (16, "BF16", "3.4e38", 400), (1, "FP32", "1e39", 400),
            (1, "FP32", "3.4e38", 200), (11, "FP64", "1e400", 400), (11, "FP64", "1e308", 200),
            (2, "UINT8", "255", 200), (2, "UINT8", "256", 400), (2, "UINT8", "-1", 400),
            (3, "INT8", "-128,127", 200), (3, "INT8", "128", 400), (5, "INT16", "-32769", 400),
            (4, "UINT16", "65535", 200), (4, "UINT16", "65536", 400),
            (6, "INT32", "2147483648", 400),
            (12, "UINT32", "4294967296", 400), (7, "INT64", "-9223372036854775808", 200),
            (7, "INT64", "9223372036854775808", 400), (13, "UINT64", "18446744073709551615", 200),
            (13, "UINT64", "18446744073709551616", 400), (7, "INT64", "1.5", 400),
            (6, "INT32", "NaN", 400), (9, "BOOL", "2", 400), (9, "BOOL", "NaN", 400),
        ] as [(Int, String, String, Int)]
    )
    func `a number that its type cannot hold is refused`(
        type: Int,
        datatype: String,
        data: String,
        status: Int
    ) throws {
        let reply = try infer(type, datatype, data)
        #expect(reply.status == status, "\(reply.text)")
        guard status == 400 else { return }
        let code = try reply.json()["code"] as? String
        #expect(code == "invalid_value" || code == "invalid_json", "\(reply.text)")
    }

    @Test(
        arguments: [
            (10, "[65520]"), (10, "[1e9]"), (16, "[3.4e38]"), (2, "[256]"), (6, "[2147483648]"),
        ]
    )
    func `so it is in a predict request`(type: Int, data: String) throws {
        #expect(try post("/v1/models/t\(type):predict", #"{"inputs":\#(data)}"#).status == 400)
        let rows = #"{"instances":[{"x":\#(data.dropFirst().dropLast())}]}"#
        #expect(try post("/v1/models/t\(type):predict", rows).status == 400)
    }

    @Test func `small halves are kept`() throws {
        let reply = try infer(10, "FP16", "0.0000142857142857,6e-8,2e-8")
        let outputs = try #require(try reply.json()["outputs"] as? [[String: Any]])
        let data = try #require(outputs.first?["data"] as? [Double])
        #expect(data.map { Float($0) } == [Float(240 * 0x1p-24), 0x1p-24, 0])
    }

    @Test func `own routes go on to refuse what is not finite`() throws {
        for target in ["/models/scripture/score", "/models/scripture/next"] {
            let reply = try Reply("POST", target, body: [UInt8](#"{"tokens":[NaN, 1]}"#.utf8))
            #expect(reply.status == 400)
            #expect(try reply.json()["code"] as? String == "invalid_json", "\(reply.text)")
        }
    }
}
