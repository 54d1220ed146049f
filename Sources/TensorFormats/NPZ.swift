import CZlib

/// Why bytes are not a NumPy archive that can be read.
public enum NPZError: Error, Equatable, Sendable {
    case invalid(reason: String)
    case npy(name: String, NPYError)
}

extension NPZError: CustomStringConvertible {
    /// A sentence a client can act on.
    public var description: String {
        switch self {
        case .invalid(let reason): "The npz file cannot be read: \(reason)."
        case .npy(let name, let error): "The array \"\(name)\" of the npz file: \(error)"
        }
    }
}

/// NumPy's archives: a ZIP file (APPNOTE.TXT 6.3) with an npy file for each array, stored or deflated.
public enum NPZ {
    private static let localSignature = 0x0403_4B50
    private static let entrySignature = 0x0201_4B50
    private static let endSignature = 0x0605_4B50
    private static let most = 4096

    public static func encode(_ arrays: [(name: String, shape: [Int], values: [Float])]) -> [UInt8]
    {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for array in arrays {
            let data = NPY.encode(shape: array.shape, values: array.values.span)
            let name = Array("\(array.name).npy".utf8)
            let start = file.count
            // Version 2.0, no flags, stored, the first moment that ZIP knows.
            let common =
                number(20, 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0x21, 2)
                + number(checksum(data), 4) + number(data.count, 4) + number(data.count, 4)
                + number(name.count, 2) + number(0, 2)
            file += number(localSignature, 4) + common + name + data
            directory +=
                number(entrySignature, 4) + number(20, 2) + common + number(0, 10)
                + number(start, 4) + name
        }
        let start = file.count
        return file + directory + number(endSignature, 4) + number(0, 4)
            + number(arrays.count, 2) + number(arrays.count, 2)
            + number(directory.count, 4) + number(start, 4) + number(0, 2)
    }

    /// The arrays by name, of `limit` numbers together at most.
    public static func decode(
        _ bytes: [UInt8],
        limit: Int
    ) throws(NPZError) -> [(name: String, tensor: TensorData)] {
        let file = ZipBytes(bytes)
        guard let end = file.lastPlace(of: endSignature, within: 65_557) else {
            throw .invalid(reason: "it is no ZIP file: write it with numpy.savez")
        }
        guard let count = file.number(at: end + 10, 2), let start = file.number(at: end + 16, 4),
            count <= most
        else { throw .invalid(reason: "its directory is damaged") }
        var arrays: [(name: String, tensor: TensorData)] = []
        var place = start
        var rest = limit
        for _ in 0..<count {
            guard let entry = file.entry(at: place) else {
                throw .invalid(reason: "its directory is damaged")
            }
            place = entry.next
            let name = entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name
            let data = try file.data(of: entry, name, limit: 8 * rest + 65_536)
            let tensor: TensorData
            do throws(NPYError) {
                tensor = try unsafe NPY.decode(data.span.bytes, limit: rest)
            } catch {
                throw .npy(name: name, error)
            }
            rest -= tensor.values.count
            guard !arrays.contains(where: { $0.name == name }) else {
                throw .invalid(reason: "\"\(name)\" is in it twice")
            }
            arrays.append((name, tensor))
        }
        return arrays
    }

    static func checksum(_ data: [UInt8]) -> Int {
        // SAFETY: zlib reads the array's bytes.
        Int(unsafe crc32(0, data, UInt32(data.count)))
    }

    private static func number(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }
}

/// A ZIP file's bytes; every place is checked.
private struct ZipBytes {
    struct Entry {
        let name: String
        let isDeflated: Bool
        let isPlain: Bool
        let checksum: Int
        let packed: Int
        let unpacked: Int
        let start: Int
        let next: Int
    }

    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func number(at place: Int, _ width: Int) -> Int? {
        guard place >= 0, place <= bytes.count - width else { return nil }
        return (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    func lastPlace(of signature: Int, within most: Int) -> Int? {
        var place = bytes.count - 22
        let first = max(0, bytes.count - most)
        while place >= first {
            if number(at: place, 4) == signature { return place }
            place -= 1
        }
        return nil
    }

    func entry(at place: Int) -> Entry? {
        guard number(at: place, 4) == 0x0201_4B50, let flags = number(at: place + 8, 2),
            let method = number(at: place + 10, 2), let checksum = number(at: place + 16, 4),
            let packed = number(at: place + 20, 4), let unpacked = number(at: place + 24, 4),
            let name = number(at: place + 28, 2), let extra = number(at: place + 30, 2),
            let comment = number(at: place + 32, 2), let start = number(at: place + 42, 4),
            place + 46 + name <= bytes.count
        else { return nil }
        return Entry(
            name: String(decoding: bytes[place + 46..<place + 46 + name], as: UTF8.self),
            isDeflated: method == 8,
            isPlain: (method == 0 || method == 8) && flags & 1 == 0,
            checksum: checksum,
            packed: packed,
            unpacked: unpacked,
            start: start,
            next: place + 46 + name + extra + comment
        )
    }

    func data(of entry: Entry, _ name: String, limit: Int) throws(NPZError) -> [UInt8] {
        guard entry.isPlain else {
            throw .invalid(reason: "\"\(name)\" is packed by a method that is not read")
        }
        guard number(at: entry.start, 4) == 0x0403_4B50,
            let nameLength = number(at: entry.start + 26, 2),
            let extra = number(at: entry.start + 28, 2)
        else { throw .invalid(reason: "\"\(name)\" is damaged") }
        let start = entry.start + 30 + nameLength + extra
        guard start <= bytes.count, entry.packed <= bytes.count - start, entry.unpacked <= limit
        else { throw .invalid(reason: "\"\(name)\" is cut off or too large") }
        var data = Array(bytes[start..<start + entry.packed])
        if entry.isDeflated {
            do throws(GunzipError) {
                data = try unsafe Gunzip.inflate(data.span.bytes, limit: entry.unpacked)
            } catch {
                throw .invalid(reason: "\"\(name)\" is damaged")
            }
        }
        guard data.count == entry.unpacked, NPZ.checksum(data) == entry.checksum else {
            throw .invalid(reason: "\"\(name)\" is damaged")
        }
        return data
    }
}
