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
    private var width: Int {
        lowering.cell.blocksPerChunk(
            gates: lowering.gates,
            hidden: sizes.hidden,
            batch: sizes.batch
        )
    }

    func add(into plan: inout PlanBuilder) {
        let binding = Binding()
        for step in 0..<sizes.steps {
            for phase in lowering.cell.phases.indices { add(phase, of: step, binding, into: &plan) }
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
        plan.step(
            lowering.node.name,
            chunks: (sizes.blocks + width - 1) / width * passes.count,
            reads: passes.map(\.product) + states + [state.hidden]
                + [state.initial].compactMap { $0 },
            writes: states + [state.hidden]
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
        width = lowering.cell.blocksPerChunk(
            gates: lowering.gates,
            hidden: sizes.hidden,
            batch: sizes.batch
        )
        perDirection = (blocks + width - 1) / width
        let zeros = FloatStorage(count: unrolling.state.initial == nil ? blocks * sizes.row : 0)
        var bound: [BoundPass] = []
        for pass in unrolling.passes {
            bound.append(try BoundPass(pass, of: unrolling, at: placement, zeros: zeros, store))
        }
        passes = bound
        let hidden = placement[unrolling.state.hidden].plane
        func geometry(_ phase: RecurrentCell, previous: Int) -> RecurrentGeometry {
            RecurrentGeometry(
                cell: phase,
                hidden: sizes.hidden,
                batch: sizes.batch,
                productPlane: placement[unrolling.passes[0].product].plane,
                previousPlane: previous,
                hiddenPlane: hidden,
                statePlane: unrolling.passes[0].states.first.map { placement[$0].plane } ?? 0,
                activation: lowering.cell.activation
            )
        }
        geometries = lowering.cell.phases.map { phase in
            (geometry(phase, previous: bound[0].first.plane), geometry(phase, previous: hidden))
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

    init(
        _ pass: RecurrentLowering.DirectedPass,
        of unrolling: RecurrentUnrolling,
        at placement: Placement,
        zeros: FloatStorage,
        _ store: WeightStore
    ) throws(ModelError) {
        let (state, weights) = (unrolling.state, pass.weights)
        packed = try store.layer("\(weights.key)/recurrent") { () throws(ModelError) in
            try weights.packedRecurrent()
        }
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
        table.recur(
            geometry,
            product: product.position(in: arena) + now * row,
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
