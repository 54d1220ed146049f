/// Values with a shape, row by row.
public struct JSONElements<Value: Sendable>: Sendable {
    public var shape: [Int]
    public var values: [Value]
}

// Nested or flat arrays of values that are not floats; ragged ones are refused as `tensor(limit:)` does.
extension JSONReader {
    /// Reads integers that `Value` can hold; a number written as a fraction is taken when it is whole.
    @_specialize(where Value == Int)
    @_specialize(where Value == Int32)
    @_specialize(where Value == Int16)
    @_specialize(where Value == Int8)
    @_specialize(where Value == UInt64)
    @_specialize(where Value == UInt32)
    @_specialize(where Value == UInt16)
    @_specialize(where Value == UInt8)
    public mutating func elements<Value: FixedWidthInteger & Sendable>(
        of type: Value.Type,
        limit: Int
    ) throws(JSONError) -> JSONElements<Value> {
        try elements("integers", limit: limit) { (reader) throws(JSONError) in
            try reader.wholeNumber(as: type)
        }
    }

    /// Reads numbers as the nearest doubles.
    public mutating func doubles(limit: Int) throws(JSONError) -> JSONElements<Double> {
        try elements("numbers", limit: limit) { (reader) throws(JSONError) in
            try reader.double()
        }
    }

    /// Reads true and false, or 1 and 0.
    public mutating func booleans(limit: Int) throws(JSONError) -> JSONElements<Bool> {
        try elements("true and false", limit: limit) { (reader) throws(JSONError) in
            guard reader.byte &- 48 <= 9 else { return try reader.boolean() }
            let number = try reader.wholeNumber(as: Int.self)
            guard number <= 1 else { throw reader.invalid("\(number) is neither 0 nor 1.") }
            return number == 1
        }
    }

    /// Reads a whole number from 0 to 2⁶⁴ − 1.
    public mutating func unsignedInteger() throws(JSONError) -> UInt64 {
        skipSpace()
        return try wholeNumber(as: UInt64.self)
    }

    /// Whether an object comes next, behind any opening brackets.
    public var opensObject: Bool {
        var copy = self
        while true {
            copy.skipSpace()
            guard copy.byte == UInt8(ascii: "[") else { return copy.byte == UInt8(ascii: "{") }
            copy.advance()
        }
    }

    /// Reads values one by one; `one` must read exactly one.
    @inline(__always)
    public mutating func elements<Value: Sendable>(
        _ expected: String,
        limit: Int,
        _ one: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> JSONElements<Value> {
        var values: [Value] = []
        let shape = try nested("an array of \(expected)") { (reader) throws(JSONError) in
            let before = values.count
            while true {
                guard values.count < limit else {
                    throw .tooManyValues(limit: limit, at: reader.position)
                }
                if reader.byte == UInt8(ascii: "[") {
                    throw .ragged(expected: "a value", got: "an array", at: reader.position)
                }
                values.append(try one(&reader))
                guard try reader.take(",") else { return values.count - before }
                reader.skipSpace()
            }
        }
        return JSONElements(shape: shape, values: values)
    }

    /// Reads a whole number that `Value` can hold.
    @inline(__always)
    mutating func wholeNumber<Value: FixedWidthInteger>(
        as type: Value.Type
    ) throws(JSONError) -> Value {
        let start = unsafe cursor
        var place = unsafe cursor
        guard let decimal = unsafe DecimalNumber(&place), unsafe !isTokenByte(place.pointee) else {
            throw byte &- 48 <= 9 || byte == UInt8(ascii: "-")
                ? numberError(type: "an integer") : mismatch(expected: "an integer")
        }
        if decimal.isInteger, decimal.digits <= 18 {
            let magnitude = Int(decimal.significand)
            guard let value = Value(exactly: decimal.isNegative ? -magnitude : magnitude) else {
                throw .numberOutOfRange(token, type: Self.name(of: type), at: position)
            }
            unsafe cursor = place
            return value
        }
        // SAFETY: the scan ended inside the text.
        let bytes = unsafe UnsafeBufferPointer(start: start, count: place - start)
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        guard let value = Self.exact(text, isInteger: decimal.isInteger, as: type) else {
            let isWhole = decimal.isInteger || Double(text).map { $0 == $0.rounded() } ?? false
            throw isWhole
                ? .numberOutOfRange(token, type: Self.name(of: type), at: position)
                : .typeMismatch(expected: "an integer", got: found, at: position)
        }
        unsafe cursor = place
        return value
    }

    @inline(never)
    private static func exact<Value: FixedWidthInteger>(
        _ text: String,
        isInteger: Bool,
        as type: Value.Type
    ) -> Value? {
        isInteger ? Value(text) : Double(text).flatMap { Value(exactly: $0) }
    }

    private static func name<Value: FixedWidthInteger>(of type: Value.Type) -> String {
        (Value.isSigned ? "an integer of " : "a whole number of ") + "\(Value.bitWidth) bits"
    }
}
