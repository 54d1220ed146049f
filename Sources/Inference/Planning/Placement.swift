import Compute

/// Where every value of a plan lies: one arena, shared by values that are never alive together.
struct Placement: Sendable {
    private let places: [Place]

    /// Floats the arena must hold.
    let size: Int

    subscript(id: ValueID) -> Place { places[id.index] }

    /// Lays out `values`; steps are in the order they will run.
    init(
        values: [PlannedValue],
        steps: [PlanBuilder.PendingStep],
        inputs: [ValueID],
        outputs: [ValueID]
    ) {
        let owners = values.indices.map { Self.owner(of: ValueID(index: $0), in: values) }
        var lives = [Life](repeating: Life(), count: values.count)
        for id in inputs { lives[owners[id.index].index].extend(to: -1) }
        for (index, step) in steps.enumerated() {
            for id in step.reads + step.writes { lives[owners[id.index].index].extend(to: index) }
        }
        for id in outputs { lives[owners[id.index].index].extend(to: steps.count) }
        let (offsets, size) = Self.layOut(values, lives)
        self.size = size
        places = values.indices.map { index in
            Self.place(index, values: values, owners: owners, offsets: offsets)
        }
    }

    private struct Life {
        var first = Int.max
        var last = Int.min

        mutating func extend(to step: Int) {
            first = min(first, step)
            last = max(last, step)
        }

        func overlaps(_ other: Life) -> Bool {
            first <= other.last && other.first <= last
        }
    }

    private static func owner(of id: ValueID, in values: [PlannedValue]) -> ValueID {
        if case .alias(let base) = values[id.index].memory { return owner(of: base, in: values) }
        return id
    }

    /// Greedy by size: the largest first, each at the lowest offset free throughout its life.
    private static func layOut(_ values: [PlannedValue], _ lives: [Life]) -> ([Int], Int) {
        var offsets = [Int](repeating: 0, count: values.count)
        var placed: [(start: Int, end: Int, life: Life)] = []
        var size = 0
        let order = values.indices.sorted { values[$0].storage > values[$1].storage }
        for index in order where lives[index].first <= lives[index].last {
            guard case .arena = values[index].memory else { continue }
            // Whole cache lines, and one vector of slack for kernels that read past a ragged end.
            let length = (values[index].storage + 31) / 16 * 16
            var start = 0
            for other in placed where other.life.overlaps(lives[index]) {
                if start + length <= other.start { break }
                start = max(start, other.end)
            }
            offsets[index] = start
            let position = placed.firstIndex { $0.start > start } ?? placed.count
            placed.insert((start, start + length, lives[index]), at: position)
            size = max(size, start + length)
        }
        return (offsets, size)
    }

    private static func place(
        _ index: Int,
        values: [PlannedValue],
        owners: [ValueID],
        offsets: [Int]
    ) -> Place {
        let owner = owners[index].index
        let base = values[owner]
        // A view of the same shape shares the halo of its owner.
        let isSame = values[index].shape == base.shape && values[index].layout == base.layout
        let value = isSame ? base : values[index]
        if case .constant(let storage) = base.memory { return value.place(in: storage, at: 0) }
        return value.place(in: nil, at: offsets[owner])
    }
}
