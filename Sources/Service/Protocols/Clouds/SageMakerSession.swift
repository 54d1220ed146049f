import FoundationEssentials
import HTTP
import Models
import TensorFormats

/// A session as Amazon SageMaker names it: the client sends NEW_SESSION, and from then on the id that it was answered.
///
/// The request that begins a session may be its first step already. `{"requestType": "CLOSE"}` ends it
/// (djl-serving, stateful sessions).
struct SageMakerSession {
    static let header = "X-Amzn-SageMaker-Session-Id"
    static let closedHeader = "X-Amzn-SageMaker-Closed-Session-Id"
    private static let new = "NEW_SESSION"

    private let id: String

    init?(_ request: Request) {
        guard let id = request.header(Self.header) else { return nil }
        self.id = id
    }

    private var isNew: Bool { id == Self.new }

    /// The model that the session was begun with; nil for a new one, which another header may name.
    func model(of host: Host, _ context: RequestContext) throws(ServiceError) -> Model? {
        guard !isNew else { return nil }
        return try host.sessions.view(id, of: context.key, context.holder).session.model
    }

    /// Makes the call a step of the session; an answer if there is nothing to compute.
    func begin(_ call: inout Call) throws(ServiceError) -> Answer? {
        let wish = Self.wish(call.request)
        if !isNew, wish == "CLOSE" {
            let name = SessionName(id, of: call.key?.name)
            do throws(SessionFault) {
                try call.host.sessions.end(name, call.holder)
            } catch {
                throw .session(id, error)
            }
            var answer = Answer([:])
            answer.headers = [(Self.closedHeader, id)]
            return answer
        }
        call.session =
            isNew
            ? try newStep(call) : try call.host.sessions.openStep(id, of: call.key, call.holder)
        guard isNew, wish == Self.new || call.request.body.count == 0 else { return nil }
        call.session?.next = call.session?.start
        return Answer([:])
    }

    private func newStep(_ call: Call) throws(ServiceError) -> SessionStep {
        let model = try call.model
        let id = UUID().uuidString.lowercased()
        let name = SessionName(id, of: call.key?.name)
        call.host.sessions.reserve(name, call.holder)
        do throws(SessionFault) {
            try call.beginSession(name, of: model)
            let step = try call.host.sessions.step(name, call.holder)
            step.isFirst = true
            return step
        } catch {
            throw .session(id, error)
        }
    }

    /// The "requestType" of a body that is a small JSON object.
    private static func wish(_ request: Request) -> String? {
        guard (1...1024).contains(request.body.count), case .json = BodyKind(request) else {
            return nil
        }
        var reader = JSONReader(request.body.copy(0..<request.body.count))
        var wish: String?
        do throws(JSONError) {
            try reader.object { (key, reader) throws(JSONError) in
                if key == "requestType", try reader.peek() == .string { wish = try reader.string() }
            }
        } catch {
            return nil
        }
        return wish
    }
}
