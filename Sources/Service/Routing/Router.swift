import Texts

/// What a path's segments say beyond the route's own words.
struct PathParameters: Sendable, Equatable {
    var model: String?
    var version: String?
    var label: String?
    var example: String?
    var session: String?
}

/// Finds the route for a method and path.
struct Router: Sendable {
    /// A path's routes, one for each method.
    final class Resource: Sendable {
        let template: String
        let segments: [Segment]
        let routes: [Route]

        init(_ template: String, _ routes: [Route]) {
            self.template = template
            self.routes = routes
            segments = template.split(separator: "/").map { Segment($0) }
        }

        var allowedMethods: [String] {
            let methods = routes.map(\.method)
            return (methods.contains(.get) ? ["GET", "HEAD"] : [])
                + methods.filter { $0 != .get }.map(\.rawValue) + ["OPTIONS"]
        }
    }

    struct Match: Sendable {
        let resource: Resource
        let parameters: PathParameters
    }

    let resources: [Resource]
    /// The same by how many segments they have.
    private let byLength: [[Resource]]

    /// Routes of the same path become one resource; of resources that fit a path the first one counts.
    init(_ routes: [Route]) {
        var templates: [String] = []
        for route in routes where !templates.contains(route.template) {
            templates.append(route.template)
        }
        let resources = templates.map { template in
            Resource(template, routes.filter { $0.template == template })
        }
        let longest = resources.map(\.segments.count).max() ?? 0
        byLength = (0...longest).map { length in
            resources.filter { $0.segments.count == length }
        }
        self.resources = resources
    }

    /// The resource at a path of decoded segments.
    func match(_ path: [String]) -> Match? {
        guard path.count < byLength.count else { return nil }
        resources: for resource in byLength[path.count] {
            var parameters = PathParameters()
            for index in path.indices {
                guard resource.segments[index].take(path[index], into: &parameters) else {
                    continue resources
                }
            }
            return Match(resource: resource, parameters: parameters)
        }
        return nil
    }

    /// The route of what `match` found at the path, or why there is none.
    func route(
        _ method: String,
        _ path: [String],
        in match: Match?
    ) throws(ServiceError) -> Route {
        guard let match else {
            throw .unknownRoute(path: "/" + path.joined(separator: "/"), nearest: nearest(to: path))
        }
        let wanted = method == "HEAD" ? "GET" : method
        guard let route = match.resource.routes.first(where: { $0.method.rawValue == wanted })
        else {
            throw .methodNotAllowed(method: method, allowed: match.resource.allowedMethods)
        }
        return route
    }

    /// The template that is most like the path: the fewest changed letters, if they are few.
    private func nearest(to path: [String]) -> String? {
        let candidates = resources.map { resource in
            let distance = zip(resource.segments, path).reduce(0) { sum, pair in
                guard case .literal(let name) = pair.0 else { return sum }
                return sum + editDistance(name, pair.1)
            }
            let missing = abs(resource.segments.count - path.count)
            return (distance: distance + 4 * missing, resource: resource)
        }
        guard let best = candidates.min(by: { $0.distance < $1.distance }), best.distance <= 6
        else { return nil }
        let methods = best.resource.routes.map(\.method.rawValue).joined(separator: " or ")
        return "\(methods) \(best.resource.template)"
    }
}
