import CPUFeatures
import IntegerKernels
public import KernelInterface
import Kernels

#if arch(x86_64)
import KernelsAVX2
import KernelsAVX512
#endif

/// The arithmetic of one instruction set.
@safe
public struct KernelSet: @unchecked Sendable {
    // SAFETY: the table holds functions and a literal's address, and nothing changes it.
    /// The functions themselves, which follow any pointer they are given.
    public let table: KernelTable

    /// Products of small integers.
    let integers: UnsafePointer<StriateIntegerKernels>

    /// "baseline", "avx2", "avxvnni", "avx512", "avx512vnni" (the two of VNNI multiply integers faster than those before
    /// them), or "neon", "dotprod" and "i8mm" (as these two do).
    public let name: String

    /// Output blocks whose weights are packed together; blocks are handed out in multiples of it.
    public let blocksPerTile: Int

    /// Nil where this processor lacks the kernels of integers called `name`.
    private init?(_ table: KernelTable, name: String? = nil) {
        unsafe self.table = table
        let name = unsafe name ?? String(cString: table.name)
        guard let integers = unsafe striate_integer_kernels(name) else { return nil }
        unsafe self.integers = integers
        self.name = name
        blocksPerTile = unsafe table.blocksPerTile
    }

    /// What this processor can run, the fastest last.
    public static let supported: [KernelSet] = {
        var sets = [unsafe KernelSet(Kernels.makeKernelTable())]
        #if arch(x86_64)
        let level = striate_cpu_level()
        if level >= 3 {
            let table = unsafe KernelsAVX2.makeKernelTable()
            sets += [unsafe KernelSet(table), unsafe KernelSet(table, name: "avxvnni")]
        }
        if level >= 4 {
            let table = unsafe KernelsAVX512.makeKernelTable()
            sets += [unsafe KernelSet(table), unsafe KernelSet(table, name: "avx512vnni")]
        }
        #elseif arch(arm64)
        for name in ["dotprod", "i8mm"] {
            sets.append(unsafe KernelSet(Kernels.makeKernelTable(), name: name))
        }
        #endif
        return sets.compactMap { $0 }
    }()

    /// The set called `name`, or the fastest one for `nil`.
    public static func select(_ name: String?) throws(KernelSelectionError) -> KernelSet {
        let chosen = name.map { name in supported.last { $0.name == name } } ?? supported.last
        guard let chosen else {
            throw .unavailable(name: name ?? "", available: supported.map(\.name))
        }
        return chosen
    }
}

extension KernelSet: CustomStringConvertible {
    public var description: String { name }
}

/// Why kernels that were asked for by name cannot be had.
public enum KernelSelectionError: Error, Equatable, CustomStringConvertible {
    /// No such instruction set, or this processor lacks it.
    case unavailable(name: String, available: [String])

    public var description: String {
        switch self {
        case .unavailable(let name, let available):
            let list = available.joined(separator: ", ")
            return "no kernels named \"\(name)\" can run here; available: \(list)"
        }
    }
}
