import Compute
public import Graph
import Synchronization

/// The memory that an answer takes while it is made, with the values it shows.
///
/// It is counted like computing: against the limit of one request, and the memory of the process.
public final class AnswerRoom: Sendable {
    private let limit: Int
    private let ledger: MemoryLedger
    private let taken = Atomic<Int>(0)

    fileprivate init(limit: Int, _ ledger: MemoryLedger) {
        self.limit = limit
        self.ledger = ledger
    }

    deinit { ledger.release(taken.load(ordering: .relaxed)) }

    /// Counts `more` bytes before they are taken, until the room is given back.
    ///
    /// - Throws: `tooLarge` beyond the request's limit, `outOfMemory` beyond the process's.
    public func take(bytes more: Int) throws(ModelError) {
        let (sum, overflow) = taken.load(ordering: .relaxed).addingReportingOverflow(more)
        guard !overflow, sum <= limit else {
            throw .tooLarge(bytes: overflow ? .max : sum, limit: limit)
        }
        guard ledger.reserve(more) else { throw .outOfMemory(bytes: sum) }
        taken.add(more, ordering: .relaxed)
    }

    /// The same for so many numbers, each taking up to `each` bytes.
    public func take(numbers: Int, each: Int) throws(ModelError) {
        let (product, overflow) = numbers.multipliedReportingOverflow(by: each)
        try take(bytes: overflow ? .max : product)
    }
}

extension Model {
    /// Room for one answer.
    public func answerRoom() -> AnswerRoom { AnswerRoom(limit: memoryLimit, workers.memory) }
}
