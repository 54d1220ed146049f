import Backports

/// The type of an npy file's numbers, for example "<f4".
struct NPYType {
    /// In bytes.
    let size: Int
    private let kind: Character
    private let isBigEndian: Bool
    private let name: String

    init(_ descr: String) throws(NPYError) {
        name = descr
        let order = descr.first ?? " "
        let code = descr.dropFirst()
        guard "<>|=".contains(order), let kind = code.first, let size = Int(code.dropFirst()),
            ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"].contains(code)
        else { throw .unsupportedType("'\(descr.prefix(32))'") }
        self.kind = kind
        self.size = size
        isBigEndian = order == ">"
    }

    /// `count` values of this type from `data`, which holds exactly them.
    func floats(_ data: RawSpan, count: Int) throws(NPYError) -> [Float] {
        switch (kind, size) {
        case ("f", 4): map(data, count: count, as: UInt32.self) { Float(bitPattern: $0) }
        case ("f", 8): map(data, count: count, as: UInt64.self) { Float(Double(bitPattern: $0)) }
        case ("f", _): map(data, count: count, as: UInt16.self) { Float(Float16(bitPattern: $0)) }
        case ("i", 1): map(data, count: count, as: Int8.self) { Float($0) }
        case ("i", 2): map(data, count: count, as: Int16.self) { Float($0) }
        case ("i", 4): map(data, count: count, as: Int32.self) { Float($0) }
        case ("i", _): map(data, count: count, as: Int64.self) { Float($0) }
        case ("b", _): map(data, count: count, as: UInt8.self) { $0 == 0 ? 0 : 1 }
        case (_, 1): map(data, count: count, as: UInt8.self) { Float($0) }
        case (_, 2): map(data, count: count, as: UInt16.self) { Float($0) }
        case (_, 4): map(data, count: count, as: UInt32.self) { Float($0) }
        default: map(data, count: count, as: UInt64.self) { Float($0) }
        }
    }

    private func map<Stored: FixedWidthInteger & BitwiseCopyable>(
        _ data: RawSpan,
        count: Int,
        as type: Stored.Type,
        _ convert: (Stored) -> Float
    ) -> [Float] {
        [Float](capacity: count) { output in
            for index in 0..<count {
                let offset = index * MemoryLayout<Stored>.size
                guard let stored = data.integer(at: offset, as: type, isBigEndian: isBigEndian)
                else { return }
                output.append(convert(stored))
            }
        }
    }
}
