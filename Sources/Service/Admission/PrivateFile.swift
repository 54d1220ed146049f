import FoundationEssentials
import Glibc
import TensorFormats

/// Files with secrets.
enum PrivateFile {
    /// What `parse` makes of a file; a mistake is an error that names it.
    static func read<Content>(
        _ file: URL,
        _ parse: ([UInt8]) throws(JSONError) -> Content
    ) throws(ConfigurationError) -> Content {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw .unreadable(file: file.path, reason: "it is missing or may not be read")
        }
        do throws(JSONError) {
            return try parse([UInt8](data))
        } catch {
            throw .invalidFile(file: file.path, reason: error.description)
        }
    }

    /// Replaces the file as a whole, readable by its owner only, so that no reader ever sees half of it.
    static func write(_ bytes: [UInt8], to file: URL) throws {
        let temporary = file.deletingLastPathComponent()
            .appending(path: ".\(file.lastPathComponent).\(UUID().uuidString)")
        let isMade = FileManager.default.createFile(
            atPath: temporary.path,
            contents: Data(bytes),
            attributes: [.posixPermissions: 0o600]
        )
        guard isMade, unsafe rename(temporary.path, file.path) == 0 else {
            try? FileManager.default.removeItem(at: temporary)
            throw CocoaError(.fileWriteUnknown)
        }
    }
}
