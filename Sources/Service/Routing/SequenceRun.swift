import Graph
import Models

/// Symbols on their way through a model: which were read, and the state after them.
struct SequenceRun: Sendable {
    let model: Model
    /// The layers whose rows are wanted.
    let outputs: [String]
    private var sequence: SequenceInProgress
    private(set) var tokens: [Int32]
    /// How many of the tokens were read.
    private(set) var done = 0
    /// How many of the first tokens came with an earlier request.
    private(set) var leading = 0

    /// `tokens` behind what earlier requests have read, and left to be read.
    init(_ model: Model, _ tokens: [Int32], from start: CarriedState, outputs: [String]) {
        (self.model, self.outputs) = (model, outputs)
        sequence = SequenceInProgress(model, from: start.state)
        self.tokens = start.leading + tokens
        leading = start.leading.count
    }

    /// Steps of a system that runs by itself.
    init(_ model: Model, steps: Int, from state: SequenceState, outputs: [String]) {
        let start = CarriedState(state: state)
        self.init(model, Array(repeating: 0, count: steps), from: start, outputs: outputs)
    }

    /// The tokens that came with this request.
    var sent: ArraySlice<Int32> { tokens[leading...] }

    /// The state after what was read.
    var state: SequenceState { sequence.state }
    /// Steps that led to it.
    var position: Int { sequence.position }

    var rest: Int { tokens.count - done }
    /// The token to be read next.
    var next: Int32 { tokens[done] }

    /// What is to be read after all that was.
    mutating func goOn(with more: [Int32]) {
        tokens = more
        (done, leading) = (0, 0)
    }

    /// Takes note that the next token was read.
    mutating func note(_ state: SequenceState) {
        sequence = SequenceInProgress(model, from: state)
        done += 1
    }

    /// Gives the memory of the last chunk back, for a while in which nothing is read.
    mutating func pause() { sequence.rest() }

    /// Symbols that are read at once if nobody goes along.
    var chunk: Int { model.chunk(of: rest) }

    /// Reads a chunk; `each` gets the rows after each of its tokens, with the token's index.
    mutating func advance(
        _ cancellation: Cancellation,
        most: Int = .max,
        each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ServiceError) {
        let (first, count) = (done, min(chunk, most))
        do throws(ModelError) {
            try model.advance(
                Array(tokens[first..<first + count]),
                in: &sequence,
                outputs: outputs,
                isCancelled: { cancellation.isCancelled },
                each: { (step, rows) throws(ModelError) in try each(first + step, rows) }
            )
        } catch {
            throw cancellation.explain(error)
        }
        done += count
    }
}
