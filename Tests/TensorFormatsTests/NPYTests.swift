import TensorFormats
import TestSupport
import Testing

@Suite struct NPYTests {
    /// A version 1 file with this header and these data bytes.
    private func file(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
        let length = header.utf8.count
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0]
        bytes += [UInt8(length & 0xFF), UInt8(length >> 8)] + (version > 1 ? [0, 0] : [])
        return bytes + Array(header.utf8) + data
    }

    private func decode(_ bytes: [UInt8], limit: Int = 1000) throws(NPYError) -> TensorData {
        // SAFETY: bytes have no padding.
        try unsafe NPY.decode(bytes.span.bytes, limit: limit)
    }

    @Test(arguments: [
        [], [0], [5], [2, 3], [1, 28, 28], [3, 0, 2], [2, 1, 2, 1, 2, 1, 2, 1, 2],
    ])
    func `what is encoded decodes to the same`(shape: [Int]) throws {
        let count = shape.reduce(1, *)
        let values = (0..<count).map { Float($0) * 0.3 - 1 }
        let bytes = NPY.encode(shape: shape, values: values.span)
        #expect((bytes.count - 4 * count) % 64 == 0)
        #expect(try decode(bytes) == TensorData(shape: shape, values: values))
    }

    static let types: [(descr: String, data: [UInt8], values: [Float])] = [
        ("<f4", [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], [1, -2]),
        (">f4", [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], [1, -2]),
        ("<f8", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0], [1, -2]),
        ("<f2", [0, 0x3C, 0, 0xC0], [1, -2]), ("|u1", [200, 7], [200, 7]),
        ("|i1", [200, 7], [-56, 7]),
        ("<i2", [0, 1, 0xFF, 0xFF], [256, -1]), ("<u2", [0, 1, 0xFF, 0xFF], [256, 65535]),
        (">i4", [0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF], [256, -1]),
        ("<u4", [0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF], [65536, 4_294_967_296]),
        ("<i8", [1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], [1, -1]),
        ("<u8", [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], [1, 2]),
        ("|b1", [0, 1], [0, 1]),
    ]

    @Test(arguments: types)
    func `reads every common type`(descr: String, data: [UInt8], values: [Float]) throws {
        for version in 1...3 as ClosedRange<UInt8> {
            let header = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (2,), }   \n"
            let tensor = try decode(file(header, data, version: version))
            #expect(tensor == TensorData(shape: [2], values: values))
        }
    }

    @Test func `turns column-major files into row-major tensors`() throws {
        let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}"
        // Element (i, j, k) is stored at i + 2 j + 6 k and holds 100 i + 10 j + k.
        let data: [UInt8] = [0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121]
        let tensor = try decode(file(header, data))
        #expect(tensor.values == [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121])
    }

    static let invalid: [(header: String, data: Int, sentence: String)] = [
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 7,
            "8 bytes were expected and 7"
        ),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9, "1 bytes more"),
        ("{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", 8, "type '<c8'"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 8, "type '|O'"),
        ("{'descr': [('a','<f4')], 'fortran_order': False, 'shape': (2,)}", 8, "type record"),
        ("{'descr': '', 'fortran_order': False, 'shape': (2,)}", 8, "type ''"),
        ("{'descr': '<f4', 'shape': (2,)}", 8, "are needed"), ("", 8, "{ is missing"),
        ("{'descr': '<f4', 'descr': '<f4'}", 8, "two entries"),
        ("{'x': 1}", 8, "unknown entry 'x'"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", 8, "neither True nor False"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8, "no tuple of lengths"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': 2}", 8, "( is missing"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 8,
            "no tuple"
        ),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", 8, "follows"),
        ("{'descr': '<f4", 8, "not closed"), ("{'descr", 8, "not closed"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 8,
            "more than 1000"
        ),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1001,)}", 4004,
            "more than 1000 values"
        ),
    ]

    @Test(arguments: invalid)
    func `says what is wrong with a file`(header: String, data: Int, sentence: String) {
        let bytes = file(header, [UInt8](repeating: 0, count: data))
        let error = #expect(throws: NPYError.self) { try decode(bytes) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "none")")
    }

    @Test func `other versions and other files are refused`() {
        #expect(throws: NPYError.unsupportedVersion(4, 0)) { try decode(file("", [], version: 4)) }
        #expect(throws: NPYError.notNPY) { try decode(Array("not npy at all".utf8)) }
        #expect(throws: NPYError.notNPY) { try decode([]) }
    }

    @Test func `cut and damaged files never trap`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let values = [Float](repeating: 1, count: 12)
        let bytes = NPY.encode(shape: [3, 4], values: values.span)
        for length in bytes.indices {
            #expect(throws: NPYError.self) { try decode(Array(bytes[..<length])) }
        }
        for _ in 0..<5000 {
            var damaged = bytes
            let offset = Int.random(in: 0..<bytes.count, using: &random)
            damaged[offset] = UInt8.random(in: 0...255, using: &random)
            _ = try? decode(damaged)
        }
    }
}
