import Threads
import Compute
import Graph
import Models
import Telemetry

/// Steps of several requests in one plan.
extension Service {
    /// A member in a turn.
    private struct Seat {
        var member: SequenceMember
        /// nil for the one whose turn it is.
        let place: SharedTurn.Member?
        /// Seconds of the turn that were its share.
        var took = 0.0
        /// What ended it while it was being computed.
        var failure: ServiceError?
    }

    /// Computes a request that has symbols read, with those that wait for a step of the same model; returns whether its
    /// time is typical.
    ///
    /// Whoever waits when a symbol is to be read goes along; nobody waits for others to come. When the request is answered,
    /// or its turn is over, the others wait for a turn of their own. Without a `turn` it is computed alone.
    func compute(_ member: SequenceMember, _ turn: SharedTurn?) -> Bool {
        let costs = host.joinCosts(of: member.work.run.model)
        var seats = [Seat(member: member, place: nil)]
        var hasWaited = false
        while true {
            if turn?.isOver == true {
                dismiss(seats.dropFirst(), turn)
                seats.removeSubrange(1...)
            }
            check(&seats[0])
            if seats[0].failure == nil {
                board(&seats, turn, costs, hasWaited: &hasWaited)
                step(&seats, costs)
            }
            let progress = settle(&seats, turn)
            guard case .goesOn = progress else {
                dismiss(seats.dropFirst(), turn)
                if case .waits = progress {
                    seats[0].member.computed += Turn.computedSeconds
                    requeueWhenRoom(seats[0].member)
                    return false
                }
                return seats[0].member.isTypical && seats[0].failure == nil
            }
        }
    }

    /// Takes along who waits, where that pays.
    private func board(
        _ seats: inout [Seat],
        _ turn: SharedTurn?,
        _ costs: JoinCosts,
        hasWaited: inout Bool
    ) {
        let run = seats[0].member.work.run
        guard run.rest > 0, run.model.canStepTogether, costs.mayJoin,
            !costs.prefersAlone(chunk: run.chunk)
        else { return }
        let configuration = seats[0].member.call.configuration
        if !hasWaited, configuration.batchWaitMicroseconds > 0, turn != nil {
            hasWaited = true
            pause(seconds: Double(configuration.batchWaitMicroseconds) * 1e-6)
        }
        let room = configuration.joinedSteps - seats.count
        for place in turn?.takeAlong(most: room) ?? [] {
            guard let member = (place.companion as? JoiningMember)?.take() else {
                turn?.end(place, took: 0)
                continue
            }
            seats.append(Seat(member: member, place: place))
        }
    }

    /// Reads a symbol for each, or what one alone reads at once.
    private func step(_ seats: inout [Seat], _ costs: JoinCosts) {
        for index in seats.indices.dropFirst() { check(&seats[index]) }
        var waiting = seats.indices.filter {
            seats[$0].failure == nil && seats[$0].member.work.run.rest > 0
        }
        while waiting.count > 1 {
            let count = min(waiting.count, Model.mostTogether)
            let members = costs.members(of: count, batch: Model.batch(for:))
            guard stepTogether(&seats, Array(waiting.prefix(members)), costs) else { break }
            waiting.removeFirst(members)
        }
        for index in waiting { stepAlone(&seats[index], costs, among: seats.count) }
    }

    /// Whether a member's answer is still wanted; the one whose turn it is gives way to others here.
    private func check(_ seat: inout Seat) {
        do throws(ServiceError) {
            let call = seat.member.call
            guard seat.place != nil else {
                try call.cancellation.check()
                return
            }
            try call.cancellation.checkQuietly()
            let limit = call.cancellation.computeSeconds
            if limit > 0, seat.member.computed + seat.took > Double(limit) {
                throw .computedTooLong(seconds: limit)
            }
        } catch {
            seat.failure = error
        }
    }

    private func stepAlone(_ seat: inout Seat, _ costs: JoinCosts, among count: Int) {
        let chunk = count == 1 ? seat.member.work.run.chunk : 1
        let watch = WorkWatch()
        do throws(ServiceError) {
            if seat.place == nil {
                try seat.member.work.readChunk(seat.member.call.cancellation, most: chunk)
            } else {
                try seat.member.work.readChunk(.never, most: chunk)
            }
            costs.note(alone: chunk, seconds: watch.seconds)
        } catch {
            seat.failure = error
        }
        seat.took += watch.seconds
    }

    /// Reads a symbol for each of these; false where that cannot be one plan.
    private func stepTogether(
        _ seats: inout [Seat],
        _ indices: [Int],
        _ costs: JoinCosts
    ) -> Bool {
        let watch = WorkWatch()
        var states = indices.map { seats[$0].member.work.run.state }
        let tokens = indices.map { seats[$0].member.work.run.next }
        let outputs = indices.map { seats[$0].member.work.run.outputs }
        let model = seats[0].member.work.run.model
        let cancellations = indices.map { seats[$0].member.call.cancellation }
        var failures = [ServiceError?](repeating: nil, count: indices.count)
        do throws(ModelError) {
            if !costs.isProven {
                guard try model.agreesTogether(tokens, states, outputs: outputs) else {
                    costs.forbid()
                    return false
                }
                costs.isProven = true
            }
            let isPlanned = try model.stepTogether(
                tokens,
                states: &states,
                outputs: outputs,
                isCancelled: { cancellations.allSatisfy(\.isGivenUp) },
                each: { (index, rows) throws(ModelError) in
                    let seat = indices[index]
                    let step = seats[seat].member.work.run.done
                    do throws(ModelError) {
                        try seats[seat].member.work.take(step, rows)
                    } catch {
                        failures[index] = seats[seat].member.call.cancellation.explain(error)
                    }
                }
            )
            guard isPlanned else {
                costs.forbid()
                return false
            }
        } catch {
            // Alone each gets its own error. Memory that is missing now may be there later.
            if case .shape = error { costs.forbid() }
            return false
        }
        let share = watch.seconds / Double(indices.count)
        for (index, seat) in indices.enumerated() {
            seats[seat].member.work.run.note(states[index])
            seats[seat].failure = failures[index]
            seats[seat].took += share
            if seats[seat].place != nil { Turn.share(seconds: share) }
        }
        host.joined.note(indices.count)
        costs.note(joined: Model.batch(for: indices.count), seconds: watch.seconds)
        return true
    }

    /// Lets those go on who have read all they were to, and go who are answered; returns how the first goes on.
    private func settle(_ seats: inout [Seat], _ turn: SharedTurn?) -> MemberProgress {
        var first = MemberProgress.goesOn
        var left: [Seat] = []
        for var seat in seats {
            let progress = settle(&seat)
            if let place = seat.place {
                switch progress {
                case .goesOn: left.append(seat)
                case .isOver:
                    turn?.end(place, took: seat.took, isDone: seat.failure == nil)
                case .waits:
                    turn?.end(place, took: seat.took)
                    seat.member.computed += seat.took
                    requeueWhenRoom(seat.member)
                }
            } else {
                first = progress
                left.append(seat)
            }
        }
        seats = left
        return first
    }

    private func settle(_ seat: inout Seat) -> MemberProgress {
        if let failure = seat.failure {
            fail(seat.member, failure)
            return .isOver
        }
        return seat.member.work.run.rest > 0 ? .goesOn : proceed(&seat.member)
    }

    /// Has members wait for turns of their own.
    private func dismiss(_ seats: ArraySlice<Seat>, _ turn: SharedTurn?) {
        for var seat in seats {
            guard let place = seat.place else { continue }
            turn?.end(place, took: seat.took)
            seat.member.computed += seat.took
            requeue(seat.member)
        }
    }
}
