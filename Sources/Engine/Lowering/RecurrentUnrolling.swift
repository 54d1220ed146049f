import Compute
import Graph
import KernelInterface

/// The time steps of a layer, one after the other.
///
/// What they share is bound once: sequences have thousands of steps, and every new length has a plan of its own.
struct RecurrentUnrolling {
    let lowering: RecurrentLowering
    let passes: [RecurrentLowering.DirectedPass]
    let state: RecurrentLowering.State
    let sizes: RecurrentLowering.Sizes

    /// Hidden blocks of a chunk.
    fileprivate var width: Int {
        lowering.blocksPerChunk(sizes, ofIntegers: passes[0].rounding != nil)
    }

    func add(into plan: inout PlanBuilder) {
        let binding = Binding()
        for step in 0..<sizes.steps {
            for pass in passes { round(pass, before: step, into: &plan) }
            for phase in lowering.cell.phases.indices { add(phase, of: step, binding, into: &plan) }
        }
    }

    /// Adds the step that rounds a direction's state, where its weights are integers and it is not known to be 0.
    private func round(
        _ pass: RecurrentLowering.DirectedPass,
        before step: Int,
        into plan: inout PlanBuilder
    ) {
        guard let rounding = pass.rounding else { return }
        if step > 0 {
            let time = pass.time(step - 1, sizes)
            rounding.state.round(
                state.hidden,
                from: (time * sizes.directions + pass.index) * sizes.row,
                for: lowering.node,
                into: &plan
            )
        } else if let initial = state.initial {
            rounding.state.round(
                initial,
                from: pass.index * sizes.row,
                for: lowering.node,
                into: &plan
            )
        }
    }

    /// Adds one phase of a step: every direction's hidden blocks, cut into chunks.
    private func add(
        _ phase: Int,
        of step: Int,
        _ binding: Binding,
        into plan: inout PlanBuilder
    ) {
        let (table, store, width) = (plan.kernels, plan.weights, width)
        let states = passes.flatMap(\.states)
        let rounded = passes.compactMap(\.rounding)
        plan.step(
            lowering.node.name,
            chunks: (sizes.blocks + width - 1) / width * passes.count,
            reads: passes.map(\.product) + states + [state.hidden]
                + [state.initial].compactMap { $0 }
                + rounded.flatMap { [$0.state.bytes, $0.state.scales] },
            writes: states + [state.hidden] + rounded.map(\.sums)
        ) { (placement) throws(ModelError) in
            let layer = try binding.layer(placement) { () throws(ModelError) in
                try BoundLayer(of: self, at: placement, store, table)
            }
            return { arena, chunk in layer.run(phase, of: step, arena, chunk) }
        }
    }

    /// What the steps of one plan share, made by the first of them.
    private final class Binding {
        private var known: (placement: Placement.Identity, layer: BoundLayer)?

        func layer(
            _ placement: Placement,
            make: () throws(ModelError) -> BoundLayer
        ) throws(ModelError) -> BoundLayer {
            if let known, known.placement === placement.identity { return known.layer }
            let made = try make()
            known = (placement.identity, made)
            return made
        }
    }
}

/// A layer with everything in its place.
private final class BoundLayer: Sendable {
    private let passes: [BoundPass]
    /// Of each phase: for the first step, whose state comes from elsewhere, and for all others.
    private let geometries: [(first: RecurrentGeometry, later: RecurrentGeometry)]
    private let blocks: Int
    /// Hidden blocks of a chunk, and chunks of a direction.
    private let width: Int
    private let perDirection: Int
    private let table: KernelSet

    init(
        of unrolling: RecurrentUnrolling,
        at placement: Placement,
        _ store: WeightStore,
        _ table: KernelSet
    ) throws(ModelError) {
        let (lowering, sizes) = (unrolling.lowering, unrolling.sizes)
        self.table = table
        blocks = sizes.blocks
        width = unrolling.width
        perDirection = (blocks + width - 1) / width
        let zeros = FloatStorage(count: unrolling.state.initial == nil ? blocks * sizes.row : 0)
        var bound: [BoundPass] = []
        for pass in unrolling.passes {
            bound.append(try BoundPass(pass, of: unrolling, at: placement, zeros: zeros, store))
        }
        passes = bound
        let hidden = placement[unrolling.state.hidden].plane
        // Sums that were multiplied before have no more products to come.
        let rounds = unrolling.passes[0].rounding != nil
        let startsAtZero = unrolling.state.initial == nil
        func geometry(_ phase: RecurrentCell, previous: Int, isFirst: Bool) -> RecurrentGeometry {
            RecurrentGeometry(
                cell: phase,
                hidden: rounds ? 0 : sizes.hidden,
                batch: sizes.batch,
                productPlane: rounds && !(isFirst && startsAtZero)
                    ? sizes.row : placement[unrolling.passes[0].product].plane,
                previousPlane: previous,
                hiddenPlane: hidden,
                statePlane: unrolling.passes[0].states.first.map { placement[$0].plane } ?? 0,
                activation: lowering.cell.activation
            )
        }
        geometries = lowering.cell.phases.map { phase in
            (
                geometry(phase, previous: bound[0].first.plane, isFirst: true),
                geometry(phase, previous: hidden, isFirst: false)
            )
        }
    }

    func run(_ phase: Int, of step: Int, _ arena: PassArena, _ chunk: Int) {
        let first = chunk % perDirection * width
        passes[chunk / perDirection].run(
            step == 0 ? geometries[phase].first : geometries[phase].later,
            step: step,
            arena,
            blocks: first..<min(first + width, blocks),
            table
        )
    }
}

/// One direction of a layer with everything in its place; an object, as it would be copied for every chunk.
private final class BoundPass: Sendable {
    /// What is before the first step: the initial state, or zeros.
    let first: Place
    private let isReversed: Bool
    private let sizes: RecurrentLowering.Sizes
    private let product: Place
    private let answers: Place
    private let cell: Place
    private let update: Place
    private let resetHidden: Place
    private let packed: PackedLayer
    private let rounding: BoundRounding?
    private let startsAtZero: Bool

    init(
        _ pass: RecurrentLowering.DirectedPass,
        of unrolling: RecurrentUnrolling,
        at placement: Placement,
        zeros: FloatStorage,
        _ store: WeightStore
    ) throws(ModelError) {
        let (state, weights) = (unrolling.state, pass.weights)
        if let rounding = pass.rounding {
            packed = PackedLayer(
                weights: Packing.vector([], .plain(0)),
                bias: Packing.vector([], .plain(0))
            )
            self.rounding = BoundRounding(rounding, at: placement, unrolling)
        } else {
            packed = try store.layer("\(weights.key)/recurrent") { () throws(ModelError) in
                try weights.packedRecurrent()
            }
            rounding = nil
        }
        startsAtZero = state.initial == nil
        // Not the pass itself: a step lives as long as its plan, and should not keep weights.
        isReversed = pass.isReversed
        sizes = unrolling.sizes
        if let initial = state.initial {
            first = placement[initial].moved(by: pass.index * sizes.row)
        } else {
            first = Place(storage: zeros, offset: 0, row: 16, plane: sizes.row, image: 0)
        }
        product = placement[pass.product]
        answers = placement[state.hidden].moved(by: pass.index * sizes.row)
        cell = placement[pass.cell ?? state.hidden]
        update = placement[pass.update ?? state.hidden]
        resetHidden = placement[pass.resetHidden ?? state.hidden]
    }

    @inline(__always)
    func run(
        _ geometry: RecurrentGeometry,
        step: Int,
        _ arena: PassArena,
        blocks: Range<Int>,
        _ table: KernelSet
    ) {
        let row = sizes.row
        let perTime = sizes.directions * row
        let answers = answers.position(in: arena)
        let now = time(of: step)
        var sums = product.position(in: arena) + now * row
        if let rounding, step > 0 || !startsAtZero {
            sums = rounding.sums(
                of: blocks,
                plus: sums,
                plane: product.plane,
                row: row,
                arena,
                table
            )
        }
        table.recur(
            geometry,
            product: sums,
            previous: step == 0
                ? first.position(in: arena) : answers + time(of: step - 1) * perTime,
            weights: packed.weights.start,
            bias: packed.bias.start,
            states: (
                cell.position(in: arena), update.position(in: arena),
                resetHidden.position(in: arena)
            ),
            hidden: answers + now * perTime,
            blocks: blocks
        )
    }

    private func time(of step: Int) -> Int { isReversed ? sizes.steps - 1 - step : step }
}

/// Products of a direction's rounded state with everything in its place.
private struct BoundRounding: Sendable {
    private let weights: RowWeights
    private let bytes: Place
    private let scales: Place
    private let places: FloatStorage
    private let sums: Place
    private let gates: Int
    private let batch: Int

    init(
        _ rounding: RecurrentLowering.Rounding,
        at placement: Placement,
        _ unrolling: RecurrentUnrolling
    ) {
        weights = rounding.weights
        bytes = placement[rounding.state.bytes]
        scales = placement[rounding.state.scales]
        places = rounding.weights.places(rows: unrolling.sizes.batch)
        sums = placement[rounding.sums]
        (gates, batch) = (unrolling.lowering.gates, unrolling.sizes.batch)
    }

    /// Sums of some hidden blocks' gates, `row` numbers apart; what is returned is where those of block 0 would lie.
    func sums(
        of blocks: Range<Int>,
        plus product: FloatPosition,
        plane: Int,
        row: Int,
        _ arena: PassArena,
        _ kernels: KernelSet
    ) -> FloatPosition {
        let target = sums.position(in: arena)
        let gateBlocks = blocks.lowerBound * gates..<blocks.upperBound * gates
        weights.multiply(
            PlacedRows(
                bytes: bytes.position(in: arena).bytes,
                scales: scales.position(in: arena),
                places: places,
                count: batch
            ),
            blocks: gateBlocks,
            plus: product + gateBlocks.lowerBound * plane,
            PointSteps(plane: plane, row: 16),
            into: target,
            plane: row,
            kernels
        )
        return target + -(gateBlocks.lowerBound * row)
    }
}
