import Dispatch
import HTTP

extension Service {
    /// The answer as this client gets it: packed as it wishes, with the fields that browsers ask for.
    func finished(_ response: Response, for head: RequestHead) -> Response {
        var response = response
        let coding = AnswerCoding.choose(for: response, head)
        // An answer that is not sent again varies as the one it stands for.
        if response.status == .notModified || AnswerCoding.isPackable(response) {
            response.headers.append(("Vary", "Accept-Encoding"))
        }
        response.headers += settings.crossOrigin.headers(for: head)
        response.headers += PageSecurity.headers(for: response)
        AnswerCoding.pack(&response, coding, with: coder)
        return response
    }

    /// Sends an answer made on an event loop; a large one is packed elsewhere first.
    func send(_ response: Response, to head: RequestHead, _ exchange: Exchange) {
        guard response.body.count > AnswerCoding.largestOnLoop,
            AnswerCoding.choose(for: response, head) != .identity
        else {
            exchange.respond(finished(response, for: head))
            return
        }
        DispatchQueue.global().async { exchange.respond(self.finished(response, for: head)) }
    }
}
