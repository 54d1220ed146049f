/// What is configured, and what follows from it; replaced as a whole when it is read again.
final class Settings: Sendable {
    let configuration: Configuration
    let binding: Binding
    let access: AccessPolicy
    let crossOrigin: CrossOrigin

    init(_ configuration: Configuration, keys: [AccessKey]) {
        self.configuration = configuration
        binding = Binding(configuration, hasKeys: !keys.isEmpty)
        access = AccessPolicy(keys: keys, configuration: configuration, binding: binding)
        crossOrigin = CrossOrigin(configuration.corsOrigins)
    }
}
