/// Makes identifiers for requests that came without one: 14 letters and digits.
///
/// Six are random for each sequence, eight count; short enough to need no memory of their own.
struct RequestIdentifiers {
    private let prefix = UInt64.random(in: 0..<1 << 30)
    private var number: UInt64 = 0

    mutating func next() -> String {
        number += 1
        let digits: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
        return unsafe String(unsafeUninitializedCapacity: 14) { buffer in
            for index in 0..<14 {
                let bits =
                    index < 6 ? prefix >> (5 * UInt64(index)) : number >> (5 * UInt64(13 - index))
                // SAFETY: five bits index the 32 digits.
                unsafe buffer[index] = digits.utf8Start[Int(bits & 31)]
            }
            return 14
        }
    }
}
