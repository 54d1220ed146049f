extension Optional {
    /// The value, or what `other` gives; unlike `??` it keeps the type of errors.
    package func or(
        _ other: @autoclosure () throws(ModelError) -> Wrapped
    ) throws(ModelError) -> Wrapped {
        if let self { return self }
        return try other()
    }

    /// The value, or what `other` gives, if anything.
    package func or(
        _ other: @autoclosure () throws(ModelError) -> Wrapped?
    ) throws(ModelError) -> Wrapped? {
        if let self { return self }
        return try other()
    }
}
