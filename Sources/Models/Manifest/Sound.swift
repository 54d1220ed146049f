import Graph

/// How a network of tensors listens: each of its steps takes a window of samples, of which the first may repeat the
/// end of the window before.
public struct Sound: Sendable, Equatable {
    /// Samples a second, from -1 to 1.
    public let rate: Int
    /// Samples of a window that are new.
    public let hop: Int

    init(_ object: consuming JSONFields) throws(ModelError) {
        object.expect(["rate", "hop"])
        rate = try Self.required("rate", &object)
        hop = try Self.required("hop", &object)
        object.finish()
    }

    private static func required(
        _ key: String,
        _ object: inout JSONFields
    ) throws(ModelError) -> Int {
        if let value = try object.int(key) { return value }
        throw .invalidManifest(
            field: "\(object.path), \(key)",
            expected: "a number of samples",
            got: "nothing"
        )
    }
}
