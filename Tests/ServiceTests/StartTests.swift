import HTTP
import Synchronization
import Testing

@testable import Service

@Suite struct `Start and end` {
    private func response(_ target: String, from handler: some Handler) throws -> Response? {
        let head = try Request("GET", target).head
        guard case .respond(let response, _) = handler.admit(head) else { return nil }
        return response
    }

    private func isRetried(_ response: Response?) -> Bool {
        response?.status == .serviceUnavailable
            && response?.headers.contains { $0.0 == "Retry-After" } == true
    }

    @Test func `until the models are loaded clients are told to wait`() throws {
        let gateway = Gateway()
        #expect(isRetried(try response("/models", from: gateway)))
        #expect(isRetried(try response("/healthz", from: gateway)))
        #expect(try response("/v2/health/live", from: gateway)?.status == .ok)
        gateway.open(Fixture.service)
        #expect(try response("/models", from: gateway) == nil)
    }

    @Test func `a service without models is not ready, unless clients may load some`() throws {
        for (changes, status) in [(false, 503), (true, 200)] {
            let service = Fixture.service(folders: []) { $0.repositoryChanges = changes }
            for target in ["/healthz", "/v2/health/ready"] {
                #expect(try Reply("GET", target, from: service).status == status)
            }
            #expect(try Reply("GET", "/v2/health/live", from: service).status == 200)
        }
    }

    @Test func `a service that ends takes no further requests`() throws {
        let service = Fixture.service { _ in }
        #expect(try Reply("GET", "/healthz", from: service).status == 200)
        service.beginDraining()
        // Not ready, but whoever has not heard of it yet is served.
        let health = try Reply("GET", "/healthz", from: service)
        #expect(health.status == 503)
        #expect(health.header("Retry-After") != nil)
        #expect(try Reply("GET", "/models", from: service).status == 200)
        service.refuseRequests()
        #expect(isRetried(try response("/models", from: service)))
        #expect(try Reply("GET", "/healthz", from: service).status == 503)
    }
}
