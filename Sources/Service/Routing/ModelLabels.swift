import Models
import Telemetry

extension Model {
    /// The model as metrics name it.
    var label: ModelLabel { ModelLabel(name: name, version: version) }
}
