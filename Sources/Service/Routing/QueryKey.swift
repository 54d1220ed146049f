/// A key a route's query may have.
struct QueryKey: Sendable {
    enum Kind: Sendable {
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case flag
        case choice([String])
        case text
    }

    let name: String
    let kind: Kind
    let summary: String
}
