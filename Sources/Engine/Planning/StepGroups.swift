import Compute
import Graph

/// Steps that run one after the other for each chunk: what one writes, the next reads from the cache.
///
/// A value that only lives inside of a group is a few planes for each worker instead of a whole tensor.
struct StepGroup {
    var steps: [PlanBuilder.PendingStep]
    /// Nil for a step that stands alone because it has chunks of another kind.
    var planes: PlaneChunks?

    init(_ step: PlanBuilder.PendingStep) {
        steps = [step]
        planes = step.planes
    }

    /// Whether `step` reads what the group writes, plane by plane.
    private func feeds(_ step: PlanBuilder.PendingStep, _ owner: (ValueID) -> ValueID) -> Bool {
        let written = Set(steps.flatMap(\.writes).map(owner))
        return step.reads.contains { written.contains(owner($0)) }
    }

    private func walksLike(_ step: PlanBuilder.PendingStep) -> Bool {
        guard let planes, let other = step.planes else { return false }
        return planes.images == other.images && planes.blocks == other.blocks
            && (other.width == planes.width || other.width == 1 || planes.width == 1)
    }

    private var onlyClears: Bool { steps.allSatisfy { $0.reads.isEmpty } }

    /// Takes the steps in if they can run chunk by chunk with those it has; the halos go before their writer.
    mutating func absorb(
        _ halos: [PlanBuilder.PendingStep],
        _ step: PlanBuilder.PendingStep,
        owner: (ValueID) -> ValueID
    ) -> Bool {
        guard walksLike(step), halos.allSatisfy(walksLike) else { return false }
        let isFed = feeds(step, owner)
        guard onlyClears || (isFed && step.planes?.readsAcross == false) else { return false }
        guard !(isFed && step.planes?.readsAcross == true) else { return false }
        steps += halos + [step]
        let width = max(planes?.width ?? 1, step.planes?.width ?? 1)
        planes?.width = width
        return true
    }

    /// Groups of `steps`, in the order in which they will run; every halo is cleared before its value's first writer.
    static func make(
        _ steps: [PlanBuilder.PendingStep],
        halo: (ValueID) -> PlanBuilder.PendingStep?,
        owner: (ValueID) -> ValueID
    ) -> [StepGroup] {
        var cleared = Set<ValueID>()
        var groups: [StepGroup] = []
        for step in steps {
            let halos = step.writes.filter { cleared.insert($0).inserted }.compactMap(halo)
            if let last = groups.indices.last, groups[last].absorb(halos, step, owner: owner) {
                continue
            }
            guard let first = halos.first else {
                groups.append(StepGroup(step))
                continue
            }
            var group = StepGroup(first)
            if group.absorb(Array(halos.dropFirst()), step, owner: owner) {
                groups.append(group)
            } else {
                groups += (halos + [step]).map(StepGroup.init)
            }
        }
        return groups
    }

    var chunks: Int {
        guard let planes, steps.count > 1 || bands > 1 else { return steps[0].chunks }
        return planes.images * planes.perImage * bands
    }

    /// Into how many parts rows are cut: one of the steps gains by that, and all can.
    private var bands: Int {
        guard let planes, planes.rows > 0, steps.allSatisfy({ $0.planes?.rows == planes.rows })
        else { return 1 }
        return steps.compactMap(\.planes).map(\.bands).max() ?? 1
    }

    /// The values that live only here, written and read plane by plane: each worker needs a chunk's planes of them.
    func ownValues(
        _ values: [PlannedValue],
        usedElsewhere: (ValueID) -> Bool
    ) -> [ValueID] {
        guard planes != nil, steps.count > 1 else { return [] }
        return Set(steps.flatMap(\.writes)).filter { id in
            guard case .arena = values[id.index].memory, values[id.index].layout == .blocked else {
                return false
            }
            return !usedElsewhere(id)
        }
    }

    /// The body of the whole group.
    func bind(_ placement: Placement) throws(ModelError) -> PlanBuilder.Body {
        var bodies: [PlanBuilder.Body] = []
        for step in steps { bodies.append(try step.bind(placement)) }
        guard let planes, steps.count > 1 || bands > 1 else { return bodies[0] }
        let widths = steps.map { $0.planes?.width ?? 1 }
        return { [bodies, bands] arena, number in
            let (chunk, band) = planes.chunk(number, bands: bands)
            let (image, blocks) = planes.planes(chunk)
            var view = arena
            (view.image, view.block) = (image, blocks.lowerBound)
            if bands > 1 {
                view.rows = planes.rows * band / bands..<planes.rows * (band + 1) / bands
            }
            for index in bodies.indices {
                if widths[index] == planes.width {
                    bodies[index](view, chunk)
                } else {
                    for block in blocks { bodies[index](view, image * planes.blocks + block) }
                }
            }
        }
    }
}
