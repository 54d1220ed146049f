import Compute
import Graph

/// What a body makes in each iteration, side by side; written where it stays if it is large.
struct ScanStack {
    private let port: Plan.Port
    private let most: Int
    private let isBackward: Bool
    /// Whether the body writes here itself.
    private let moves: Bool
    private var rows: Int
    private var storage: FloatStorage?

    /// Bytes for iterations to come, of which nobody knows how many there will be.
    private static let ahead = 1 << 16

    /// For at most so many iterations, or exactly so many if it is for `all` of them.
    ///
    /// Nil for an output that the body does not compute.
    init?(
        _ body: RepeatedBody,
        _ output: Int,
        most: Int,
        isBackward: Bool = false,
        all: Bool = false
    ) {
        guard let port = body.port(of: output) else { return nil }
        (self.port, self.most, self.isBackward) = (port, most, isBackward)
        moves = body.mayMove(output)
        rows = all ? most : min(most, max(8, Self.ahead / max(1, port.bytes)))
    }

    /// Makes room for an iteration's output.
    ///
    /// - Throws: `tooLarge` or `outOfMemory`.
    mutating func prepare(
        _ iteration: Int,
        _ runs: borrowing BodyRuns,
        _ memory: MemoryUse
    ) throws(ModelError) {
        if storage == nil || iteration >= rows {
            let before = storage
            if before != nil { rows = rows <= most / 2 ? rows * 2 : most }
            let (bytes, overflow) = rows.multipliedReportingOverflow(by: port.bytes)
            // The tensor is a copy, and while it grows the old one is there too.
            try memory.require(bytes: overflow || bytes > .max / 2 ? .max : 2 * bytes)
            let made = FloatStorage(count: (bytes + 3) / 4)
            if let before {
                made.start.bytes.copy(from: before.start.bytes, bytes: before.count * 4)
            }
            storage = made
        }
        guard moves, let place = place(iteration) else { return }
        _ = runs.move(port, to: place)
    }

    /// Takes an iteration's output, unless it lies here already.
    func take(_ iteration: Int, _ runs: borrowing BodyRuns) {
        guard !moves, let place = place(iteration) else { return }
        place.copy(from: runs.position(of: port), bytes: port.bytes)
    }

    private func place(_ iteration: Int) -> BytePosition? {
        let row = isBackward ? most - 1 - iteration : iteration
        return storage.map { $0.start.bytes + row * port.bytes }
    }

    /// All outputs along a new first axis.
    func tensor(_ iterations: Int) throws(ModelError) -> Tensor {
        let shape = Shape([iterations] + port.shape.dimensions)
        guard shape.isUsual, let count = shape.checkedCount else {
            throw .tooLarge(bytes: .max, limit: .max)
        }
        guard let storage else { return Tensor(shape: shape, elements: .zeros(count, port.type)) }
        let elements = Tensor.Elements(port.type, count: count, copying: storage.start.bytes)
        return Tensor(shape: shape, elements: elements)
    }
}

/// What a Scan reads a slice of in each iteration.
struct ScanInput {
    let count: Int
    /// The slice of the first iteration.
    let first: Tensor
    private let storage: FloatStorage
    private let isBackward: Bool

    /// Nil for what no plan reads, or an axis that is not there.
    init?(_ tensor: Tensor, axis: Int, isBackward: Bool) {
        let place = axis < 0 ? axis + tensor.shape.rank : axis
        guard tensor.type.kind != nil, (0..<tensor.shape.rank).contains(place),
            tensor.shape[place] > 0, let loaded = try? tensor.loaded()
        else { return nil }
        count = tensor.shape[place]
        let order = [place] + tensor.shape.dimensions.indices.filter { $0 != place }
        let turned = place == 0 ? loaded : loaded.transposed(order)
        first = turned.slice(axis: 0, isBackward ? count - 1 : 0)
        storage = FloatStorage(turned.elements)
        self.isBackward = isBackward
    }

    /// Lets an input of the body be the slice of an iteration.
    func give(_ iteration: Int, _ port: Plan.Port, _ runs: borrowing BodyRuns) {
        let row = isBackward ? count - 1 - iteration : iteration
        let place = storage.start.bytes + row * port.bytes
        guard !runs.move(port, to: place) else { return }
        runs.position(of: port).copy(from: place, bytes: port.bytes)
    }
}
