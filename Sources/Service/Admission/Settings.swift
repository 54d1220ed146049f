/// What is configured, and what follows from it; replaced as a whole when it is read again.
final class Settings: Sendable {
    let configuration: Configuration
    let binding: Binding
    let access: AccessPolicy
    let crossOrigin: CrossOrigin
    let hostPolicy: HostPolicy

    /// Settings of a server that listens as `binding` says.
    init(_ configuration: Configuration, keys: [AccessKey], binding: Binding) {
        self.configuration = configuration
        self.binding = binding
        access = AccessPolicy(keys: keys, configuration: configuration, binding: binding)
        crossOrigin = CrossOrigin(configuration.corsOrigins)
        hostPolicy = HostPolicy(
            hosts: configuration.hosts,
            isLoopbackOnly: binding.isLoopback,
            crossOrigin: crossOrigin
        )
    }

    /// Settings of a server that is about to listen.
    convenience init(_ configuration: Configuration, keys: [AccessKey]) {
        let binding = Binding(configuration, hasKeys: !keys.isEmpty)
        self.init(configuration, keys: keys, binding: binding)
    }
}
