/// One segment of a route's template.
enum Segment: Sendable {
    enum Parameter: String, Sendable {
        case model, version, label, example, session
    }

    case literal(String)
    /// `{model}`, or with words of the route's after it as in `{model}:predict`.
    case parameter(Parameter, suffix: String)

    init(_ template: Substring) {
        guard template.first == "{", let end = template.firstIndex(of: "}") else {
            self = .literal(String(template))
            return
        }
        let name = template[..<end].dropFirst()
        guard let parameter = Parameter(rawValue: String(name)) else {
            preconditionFailure("a template names a parameter no path has")
        }
        self = .parameter(parameter, suffix: String(template[end...].dropFirst()))
    }

    /// Whether the part of a path fits here; what it says goes into `parameters`.
    func take(_ part: String, into parameters: inout PathParameters) -> Bool {
        switch self {
        case .literal(let name): return name == part
        case .parameter(let parameter, let suffix):
            guard suffix.isEmpty || part.hasSuffix(suffix) else { return false }
            let value = suffix.isEmpty ? part : String(part.dropLast(suffix.count))
            switch parameter {
            case .model: parameters.model = value
            case .version: parameters.version = value
            case .label: parameters.label = value
            case .example: parameters.example = value
            case .session: parameters.session = value
            }
            return true
        }
    }
}
