import Compute
import Graph

/// The memory of one request or load: what its values hold, and what the operator at work may take beside them.
///
/// Everything is counted before it is taken, against the limit of one request and the ledger of the process.
package final class MemoryUse {
    let limit: Int
    private let ledger: MemoryLedger
    private var held = 0
    private var copied = 0
    private var reserved = 0

    /// Bytes that an operator takes for an element of its result: a number in 64 bits, a place in its inputs, the result.
    private static let perElement = 24

    init(limit: Int, ledger: MemoryLedger = MemoryLedger()) {
        self.limit = limit
        self.ledger = ledger
    }

    /// Bytes that may still be taken.
    var free: Int { max(0, limit - held - copied) }

    deinit { ledger.release(reserved) }

    /// Makes sure that there is room for so many elements beside what is held.
    ///
    /// - Throws: `tooLarge` beyond the request's limit, `outOfMemory` beyond the process's.
    func require(elements: Int) throws(ModelError) {
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: Self.perElement)
        try require(bytes: overflow ? .max : bytes)
    }

    func require(bytes: Int) throws(ModelError) {
        let (needed, overflow) = (held + copied).addingReportingOverflow(bytes)
        guard !overflow, needed <= limit else {
            throw .tooLarge(bytes: overflow ? .max : needed, limit: limit)
        }
        guard needed > reserved else { return }
        guard ledger.reserve(needed - reserved) else { throw .outOfMemory(bytes: needed) }
        reserved = needed
    }

    /// Counts what an operator at work makes of its inputs while `body` runs.
    func whileHolding<Result>(
        bytes: Int,
        _ body: () throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        try require(bytes: bytes)
        let before = copied
        defer { copied = before }
        copied += bytes
        return try body()
    }

    /// Counts a value that stays.
    func hold(_ tensor: Tensor) throws(ModelError) {
        try require(bytes: tensor.byteCount)
        held += tensor.byteCount
    }

    /// A value that is no longer there.
    func drop(_ tensor: Tensor) {
        held -= min(held, tensor.byteCount)
    }
}

extension Tensor {
    /// Bytes that the elements take in memory; none where they are read from a file or made when they are needed.
    var byteCount: Int {
        guard case .elements(let elements) = storage else { return 0 }
        if case .strings(let texts) = elements { return texts.reduce(0) { $0 + $1.count + 32 } }
        return elements.count * (type.byteCount ?? 0)
    }
}
