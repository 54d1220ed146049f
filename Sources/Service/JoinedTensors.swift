import Compute
import Graph
import HTTP
import Models
import Telemetry

/// A computation of tensors on its way to its answer.
struct TensorMember: Sendable {
    var call: Call
    let exchange: Exchange
    let work: TensorWork
}

/// One on its way into another one's turn.
final class JoiningTensors: Companion {
    let member: TensorMember

    init(_ member: TensorMember) { self.member = member }
}

/// Requests of several clients as one.
extension Service {
    /// Elements that are computed together at most.
    private static let mostElements = 64

    private struct Place {
        let member: TensorMember
        let place: SharedTurn.Member?
    }

    /// Computes a request of tensors, with those that wait for the same model where that pays; returns whether its time is
    /// typical.
    func compute(_ member: TensorMember, _ turn: SharedTurn) -> Bool {
        let costs = host.joinCosts(of: member.work.model)
        var places = [Place(member: member, place: nil)]
        if costs.mayJoin, let sides = member.work.model.sideBySide {
            board(&places, turn, sides)
            if places.count > 1, computeTogether(places, turn, costs, sides: sides) { return true }
        }
        dismiss(places.dropFirst(), turn)
        return computeAlone(member, costs)
    }

    private func board(_ places: inout [Place], _ turn: SharedTurn, _ sides: SideBySide) {
        let first = places[0].member
        let model = first.work.model
        guard var count = model.elements(of: first.work.inputs, sides) else { return }
        let most = first.call.configuration.joinedSteps
        for place in turn.takeAlong(most: most - 1) {
            guard let member = (place.companion as? JoiningTensors)?.member else {
                turn.end(place, took: 0)
                continue
            }
            let own = model.elements(of: member.work.inputs, sides)
            let fits =
                member.work.outputs == first.work.outputs
                && model.fit(first.work.inputs, member.work.inputs, sides)
            guard fits, let own, count + own <= Self.mostElements else {
                dismiss([Place(member: member, place: place)], turn)
                continue
            }
            count += own
            places.append(Place(member: member, place: place))
        }
    }

    private func computeAlone(_ member: TensorMember, _ costs: JoinCosts) -> Bool {
        let watch = WorkWatch()
        do throws(ServiceError) {
            let outputs = try member.work.compute(member.call.cancellation)
            costs.note(alone: 1, seconds: watch.seconds)
            answer(member, outputs)
            return true
        } catch {
            fail(member, error)
            return false
        }
    }

    /// False where they cannot be one; then nothing was answered.
    private func computeTogether(
        _ places: [Place],
        _ turn: SharedTurn,
        _ costs: JoinCosts,
        sides: SideBySide
    ) -> Bool {
        let first = places[0].member.work
        let requests = places.map(\.member.work.inputs)
        let count = requests.reduce(0) { $0 + (first.model.elements(of: $1, sides) ?? 0) }
        let size = TensorWork.batch(for: count)
        let cancellations = places.map(\.member.call.cancellation)
        let watch = WorkWatch()
        let outputs: [[Tensor]]?
        do throws(ModelError) {
            outputs = try first.model.inferTogether(
                requests,
                outputs: first.outputs,
                size: size,
                sides,
                isCancelled: { cancellations.allSatisfy(\.isGivenUp) }
            )
            if !costs.isProven, let outputs {
                guard try agrees(places, outputs) else {
                    costs.forbid()
                    return false
                }
                costs.isProven = true
            }
        } catch {
            // Alone each gets its own error.
            return false
        }
        guard let outputs else {
            costs.forbid()
            return false
        }
        host.joined.note(places.count)
        costs.note(joined: size, seconds: watch.seconds)
        let share = watch.seconds / Double(places.count)
        for (place, tensors) in zip(places, outputs) {
            let named = zip(first.outputs, tensors).map { (name: $0, tensor: $1) }
            answer(place.member, named)
            if let own = place.place { turn.end(own, took: share, isDone: true) }
        }
        return true
    }

    /// Whether two of the requests have the bits that they have alone.
    private func agrees(
        _ places: [Place],
        _ outputs: [[Tensor]]
    ) throws(ModelError) -> Bool {
        for (place, tensors) in zip(places, outputs).prefix(2) {
            let work = place.member.work
            let alone = try work.model.infer(work.inputs, outputs: work.outputs)
            for (one, other) in zip(alone, tensors) {
                guard one.tensor.shape == other.shape,
                    (one.tensor.floats ?? []).elementsEqual(
                        other.floats ?? [],
                        by: { $0.bitPattern == $1.bitPattern }
                    )
                else { return false }
            }
        }
        return true
    }

    private func answer(_ member: TensorMember, _ outputs: TensorWork.Outputs) {
        var call = member.call
        do throws(ServiceError) {
            try call.cancellation.checkQuietly()
            call.stopwatch.enter(.encode)
            var answer = try member.work.finish(outputs, &call)
            try conclude(&answer, call)
            leave(response(with: answer, call), call, member.exchange)
        } catch {
            leave(response(with: error, call), call, member.exchange)
        }
    }

    private func fail(_ member: TensorMember, _ error: ServiceError) {
        let call = member.call
        leave(response(with: error, call), call, member.exchange)
    }

    /// Has members wait for turns of their own.
    private func dismiss(_ places: ArraySlice<Place>, _ turn: SharedTurn) {
        for place in places {
            guard let own = place.place else { continue }
            turn.end(own, took: 0)
            let member = place.member
            var job = job(for: member.call, run: { self.compute(member, $0) }) {
                self.fail(member, $0)
            }
            job.company = nil
            scheduler.resume(job)
        }
    }
}
