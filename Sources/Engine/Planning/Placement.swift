import Compute
import Graph

/// Where every value of a plan lies: one arena, shared by values that are never alive together.
///
/// Behind the values that all workers share, each worker has a part of its own for what lives inside of one
/// group of steps.
struct Placement: Sendable {
    /// Tells one from another.
    final class Identity: Sendable {}

    let identity = Identity()

    private let places: [Place]

    /// Floats the arena must hold.
    let size: Int

    subscript(id: ValueID) -> Place { places[id.index] }

    /// Lays out `values`; groups are in the order they will run.
    init(
        values: [PlannedValue],
        groups: [StepGroup],
        inputs: [ValueID],
        outputs: [ValueID],
        slots: [ValueID: Int],
        workers: Int
    ) {
        let lives = Lives(values: values, groups: groups, inputs: inputs, outputs: outputs)
        let kept = lives.shared.filter { slots[ValueID(index: $0.key)] == nil }
        var shared = Self.layOut(kept) { values[$0].storage }
        // Whole cache lines of notes where values lie come first.
        let notes = (BytePosition.noteSize / 4 * slots.count + 15) / 16 * 16
        shared.size += notes
        let own = Self.layOut(lives.own) { index in
            guard let planes = lives.ownPlanes[index] else { return values[index].storage }
            return planes * values[index].planeStorage
        }
        size = shared.size + workers * own.size
        places = values.indices.map { index in
            let owner = values.owner(of: ValueID(index: index)).index
            let base = values[owner]
            // A view of the same shape shares the halo of its owner.
            let isSame =
                values[index].shape == base.shape && values[index].layout == base.layout
            let value = isSame ? base : values[index]
            if case .constant(let storage) = base.memory { return value.place(in: storage, at: 0) }
            if let slot = slots[ValueID(index: owner)] {
                var place = value.place(in: nil, at: 0)
                place.slot = slot
                return place
            }
            guard let offset = own.offsets[owner] else {
                return value.place(in: nil, at: notes + (shared.offsets[owner] ?? 0))
            }
            var place = value.place(in: nil, at: shared.size + offset)
            place.worker = own.size
            return place
        }
    }

    /// Greedy by size: the largest first, each at the lowest offset free throughout its life.
    private static func layOut(
        _ lives: [Int: Life],
        storage: (_ value: Int) -> Int
    ) -> (offsets: [Int: Int], size: Int) {
        var offsets: [Int: Int] = [:]
        var placed: [(start: Int, end: Int, life: Life)] = []
        var size = 0
        let order = lives.keys.sorted { (storage($0), $1) > (storage($1), $0) }
        for index in order {
            guard let life = lives[index], life.first <= life.last else { continue }
            // Whole cache lines, and one vector of slack for kernels that read past a ragged end.
            let length = (storage(index) + 31) / 16 * 16
            var start = 0
            for other in placed where other.life.overlaps(life) {
                if start + length <= other.start { break }
                start = max(start, other.end)
            }
            offsets[index] = start
            let position = placed.firstIndex { $0.start > start } ?? placed.count
            placed.insert((start, start + length, life), at: position)
            size = max(size, start + length)
        }
        return (offsets, size)
    }
}

/// The steps between which a value must keep its place.
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

/// When each value that owns memory is in use.
private struct Lives {
    /// Of values all workers share; a group's steps count as one moment, as its chunks run in any order.
    private(set) var shared: [Int: Life] = [:]

    /// Of what is each worker's own, step by step.
    private(set) var own: [Int: Life] = [:]

    /// Planes of a chunk, for those that are planes of images.
    private(set) var ownPlanes: [Int: Int] = [:]

    init(
        values: [PlannedValue],
        groups: [StepGroup],
        inputs: [ValueID],
        outputs: [ValueID]
    ) {
        let kept = Set((inputs + outputs).map { values.owner(of: $0) })
        let users = Self.users(values, groups)
        for (index, group) in groups.enumerated() {
            let local = group.ownValues(values) { id in
                kept.contains(id) || users[id] != [index]
            }
            for id in local { ownPlanes[id.index] = group.planes?.width }
        }
        // Inputs stay as they were filled, for runs that are repeated.
        for id in kept where inputs.contains(where: { values.owner(of: $0) == id }) {
            shared[id.index, default: Life()].extend(to: -1)
            shared[id.index, default: Life()].extend(to: groups.count)
        }
        var moment = 0
        for (index, group) in groups.enumerated() {
            for step in group.steps {
                moment += 1
                for id in (step.reads + step.writes).map({ values.owner(of: $0) }) {
                    if ownPlanes[id.index] != nil {
                        own[id.index, default: Life()].extend(to: moment)
                    } else if case .worker = values[id.index].memory {
                        own[id.index, default: Life()].extend(to: moment)
                    } else if case .arena = values[id.index].memory {
                        shared[id.index, default: Life()].extend(to: index)
                    }
                }
            }
        }
        for id in outputs.map({ values.owner(of: $0) }) {
            if case .arena = values[id.index].memory {
                shared[id.index, default: Life()].extend(to: groups.count)
            }
        }
    }

    /// The groups that use each value; one that is used under another shape counts as used everywhere.
    private static func users(
        _ values: [PlannedValue],
        _ groups: [StepGroup]
    ) -> [ValueID: Set<Int>] {
        var users: [ValueID: Set<Int>] = [:]
        for (index, group) in groups.enumerated() {
            for id in group.steps.flatMap({ $0.reads + $0.writes }) {
                let owner = values.owner(of: id)
                users[owner, default: []].insert(index)
                if owner != id { users[owner, default: []].insert(-1) }
            }
        }
        return users
    }
}

extension [PlannedValue] {
    /// The value in whose memory `id` lies.
    func owner(of id: ValueID) -> ValueID {
        if case .alias(let base) = self[id.index].memory { return owner(of: base) }
        return id
    }
}
