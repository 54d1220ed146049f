import CZlib
import Glibc
import Synchronization

/// Does so many jobs that know nothing of each other, on one thread or on several.
public typealias Division = (_ count: Int, _ job: @Sendable (Int) -> Void) -> Void

/// One job after the other.
public let oneByOne: @Sendable (Int, @Sendable (Int) -> Void) -> Void = { count, job in
    for index in 0..<count { job(index) }
}

/// A picture of few colours as a PNG file: a palette, rows without a filter, and runs alone, which is more than three times as
/// fast as libpng's fastest level and no larger (PNG, third edition, W3C 2025).
struct PalettePNG: Sendable {
    /// RGB, three bytes a colour.
    let colours: [UInt8]
    let width: Int
    let height: Int
    /// The colours' numbers of some rows, from the top.
    let rows: @Sendable (Range<Int>) throws(ImageError) -> [UInt8]

    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A file of colour type 3 with a byte for each pixel.
    func encoded(_ divide: Division = oneByOne) throws(ImageError) -> [UInt8] {
        // Sides beyond libpng's limit are refused alike.
        guard width <= 1_000_000, height <= 1_000_000 else { throw .outOfMemory }
        let (parts, sum) = try deflated(divide)
        var file = Self.signature
        file.reserveCapacity(parts.reduce(2048) { $0 + $1.count })
        let header = Self.bytes(width) + Self.bytes(height) + [8, 3, 0, 0, 0]
        Self.append("IHDR", [header], to: &file)
        Self.append("PLTE", [colours], to: &file)
        Self.append("IDAT", [[0x78, 0x01]] + parts + [Self.bytes(Int(sum))], to: &file)
        Self.append("IEND", [], to: &file)
        return file
    }

    /// Each row behind the number of its filter: 2, the difference from the row above, where both are the same, which leaves
    /// zeros; else 0, none.
    private func filtered(_ range: Range<Int>) throws(ImageError) -> [UInt8] {
        let indices = try rows(range)
        precondition(indices.count == width * range.count)
        var filtered = try Memory.bytes((width + 1) * range.count)
        // SAFETY: both hold the rows of the range, of which all are read and written whole.
        unsafe indices.withUnsafeBytes { input in
            unsafe filtered.withUnsafeMutableBytes { output in
                guard let input = input.baseAddress, let output = output.baseAddress else { return }
                for row in 0..<range.count {
                    let line = unsafe input + row * width
                    let place = unsafe output + row * (width + 1)
                    let isRepeated = unsafe row > 0 && memcmp(line, line - width, width) == 0
                    unsafe place.storeBytes(of: isRepeated ? 2 : 0, as: UInt8.self)
                    if !isRepeated { unsafe memcpy(place + 1, line, width) }
                }
            }
        }
        return filtered
    }

    /// A deflate stream (RFC 1951) of parts that were compressed on their own, and its Adler-32: the same bytes, whoever does
    /// how many of them.
    private func deflated(
        _ divide: Division
    ) throws(ImageError) -> (parts: [[UInt8]], sum: UInt) {
        let lines = max(1, Self.part / (width + 1))
        let count = (height + lines - 1) / lines
        let made = DeflatedParts(count)
        divide(count) { index in
            let range = index * lines..<min((index + 1) * lines, height)
            guard let bytes = try? filtered(range) else { return }
            made[index] = DeflatedPart(bytes.span, isLast: index == count - 1)
        }
        var (parts, sum): ([[UInt8]], UInt) = ([], 1)
        for part in made.all {
            guard let part, !part.bytes.isEmpty else { throw .outOfMemory }
            parts.append(part.bytes)
            sum = adler32_combine(sum, part.sum, part.count)
        }
        return (parts, sum)
    }

    /// Bytes that are compressed as one.
    private static let part = 1 << 20

    /// A chunk: its length, its name, its data, and the CRC of the last two.
    private static func append(_ name: String, _ data: [[UInt8]], to file: inout [UInt8]) {
        let start = file.count + 4
        file += bytes(data.reduce(0) { $0 + $1.count })
        file += Array(name.utf8)
        for bytes in data { file += bytes }
        // SAFETY: the CRC reads what has just been appended.
        let sum = unsafe file.withUnsafeBytes { file in
            let chunk = unsafe file[start...]
            return unsafe UnsafeRawBufferPointer(rebasing: chunk).withMemoryRebound(to: UInt8.self)
            {
                unsafe crc32_z(0, $0.baseAddress, $0.count)
            }
        }
        file += bytes(Int(sum))
    }

    /// Four bytes, the most significant first.
    private static func bytes(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}

/// A part of a deflate stream; no bytes where memory ended.
private struct DeflatedPart {
    private(set) var bytes: [UInt8] = []
    /// The Adler-32 of what was compressed, and how many bytes that were.
    let sum: UInt
    let count: Int

    init(_ input: Span<UInt8>, isLast: Bool) {
        count = input.count
        let capacity = Int(compressBound(UInt(count))) + 16
        guard var room = try? Memory.bytes(capacity) else {
            sum = 1
            return
        }
        // SAFETY: zlib reads all of `input`, and writes at most `capacity` bytes, which there are.
        let (size, sum) = unsafe input.withUnsafeBufferPointer { input in
            unsafe room.withUnsafeMutableBytes { output in
                unsafe (
                    deflate_runs(
                        input.baseAddress,
                        input.count,
                        output.baseAddress,
                        capacity,
                        isLast ? 1 : 0
                    ),
                    adler32_z(1, input.baseAddress, input.count)
                )
            }
        }
        self.sum = sum
        room.removeLast(capacity - size)
        bytes = room
    }
}

/// Parts that several threads make.
private final class DeflatedParts: Sendable {
    private let parts: Mutex<[DeflatedPart?]>

    init(_ count: Int) {
        parts = Mutex(Array(repeating: nil, count: count))
    }

    subscript(index: Int) -> DeflatedPart? {
        get { parts.withLock { $0[index] } }
        set { parts.withLock { $0[index] = newValue } }
    }

    var all: [DeflatedPart?] { parts.withLock { $0 } }
}
