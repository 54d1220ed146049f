@testable import HTTP

/// What a parser makes of a run of bytes, in a form that can be compared.
enum Outcome: Equatable, CustomStringConvertible {
    case request(String, body: String)
    case refused(HTTPError)

    var description: String {
        switch self {
        case .request(let line, let body): "\(line) [\(body)]"
        case .refused(let error): "\(error.code)"
        }
    }
}

/// Feeds `pieces` one after the other to a new parser and collects the outcomes.
func outcomes(
    of pieces: [ArraySlice<UInt8>],
    limits: Limits = Limits(),
    bodyLimit: Int = 1 << 20,
    budget: BodyBudget = BodyBudget(limit: .max)
) -> [Outcome] {
    var parser = RequestParser(limits: limits, budget: budget)
    var input = ByteBuffer()
    var identifiers = RequestIdentifiers()
    var line = ""
    var outcomes: [Outcome] = []
    for piece in pieces {
        var rest = piece
        // A connection receives into the place of a large body what its input does not hold.
        while parser.bodyBytesWanted > 0, input.isEmpty, !rest.isEmpty {
            let event: RequestParser.Event
            do throws(HTTPError) {
                event = try unsafe parser.receiveBody { room in
                    let count = min(room.count, rest.count)
                    unsafe room.copyBytes(from: rest.prefix(count))
                    rest = rest.dropFirst(count)
                    return count
                }
            } catch {
                return outcomes + [.refused(error)]
            }
            if case .body(let body) = event {
                outcomes.append(.request(line, body: String(decoding: Array(body), as: UTF8.self)))
            }
        }
        for byte in rest { input.append(byte) }
        do throws(HTTPError) {
            parsing: while true {
                switch try parser.next(from: &input, identifiers: &identifiers) {
                case .incomplete: break parsing
                case .head(let head):
                    line = "\(head.method) \(head.target)"
                    try parser.acceptBody(limit: bodyLimit)
                case .body(let body):
                    let text = String(decoding: Array(body), as: UTF8.self)
                    outcomes.append(.request(line, body: text))
                }
            }
        } catch {
            return outcomes + [.refused(error)]
        }
    }
    return outcomes
}

/// `bytes` cut into pieces of `size`.
func pieces(of bytes: [UInt8], size: Int) -> [ArraySlice<UInt8>] {
    stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
}
