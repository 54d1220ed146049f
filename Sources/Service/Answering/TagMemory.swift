import HTTP
import Models
import Synchronization

/// Entity tags of answers given before, so that what a client still has is not made again.
///
/// An answer of a revalidated route follows from its target, its form and the models alone.
final class TagMemory: Sendable {
    static let capacity = 1024

    private struct Key: Hashable {
        let target: String
        let form: AnswerForm
    }

    private struct Entry: Sendable {
        let models: [WeakModel]
        let tag: EntityTag
    }

    private struct WeakModel: Sendable {
        weak let model: Model?
    }

    private let entries = Mutex<[Key: Entry]>([:])

    /// "Not modified", where the client names the tag that the answer would have.
    func answer(to call: Call) -> Answer? {
        guard call.route.isRevalidated, let field = call.request.header("If-None-Match"),
            let entry = entries.withLock({ $0[key(of: call)] }),
            entry.models.elementsEqual(models(of: call), by: { $0.model === $1 }),
            entry.tag.isKnown(to: field)
        else { return nil }
        var answer = Answer(contentType: "", body: [])
        answer.status = .notModified
        answer.headers = fields(entry.tag)
        return answer
    }

    /// Gives an answer its tag, or takes away what the client has already.
    func validate(_ response: inout Response, to call: Call) {
        guard call.route.isRevalidated else { return }
        if response.status == .ok {
            let tag = EntityTag(of: response.body)
            remember(tag, call)
            response.headers += fields(tag)
            if tag.isKnown(to: call.request.header("If-None-Match")) {
                response.status = .notModified
            }
        }
        guard response.status == .notModified else { return }
        response.headers.removeAll { $0.0 == "Content-Type" }
        response.body = []
    }

    private func remember(_ tag: EntityTag, _ call: Call) {
        let entry = Entry(models: models(of: call).map { WeakModel(model: $0) }, tag: tag)
        entries.withLock { entries in
            // Clients choose the queries: what is forgotten is only made once more.
            if entries.count == Self.capacity { entries.removeAll() }
            entries[key(of: call)] = entry
        }
    }

    private func key(of call: Call) -> Key {
        Key(target: call.request.target, form: call.form)
    }

    private func models(of call: Call) -> [Model] {
        if let model = try? call.model { return [model] }
        return call.host.repository.allVersions
    }

    private func fields(_ tag: EntityTag) -> [(String, String)] {
        [("ETag", tag.text), ("Cache-Control", "no-cache")]
    }
}
