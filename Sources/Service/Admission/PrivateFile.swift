import Foundation

/// Files with secrets.
enum PrivateFile {
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
