import Compute
import FoundationEssentials

extension KernelSet {
    /// The kernels a flag names, else STRIATE_KERNELS, else the fastest.
    static func chosen(_ flag: String?) throws -> KernelSet {
        let variable = ProcessInfo.processInfo.environment["STRIATE_KERNELS"]
        return try select(flag ?? (variable?.isEmpty == true ? nil : variable))
    }
}
