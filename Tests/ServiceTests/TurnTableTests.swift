import Testing

@testable import Service
@testable import Telemetry

/// The scheduler's decisions on a clock of the tests' own.
@Suite struct `Turns` {
    private struct Simulation {
        var table: TurnTable<String>
        var now = 0.0
        var nextID = 0
        /// Who computes, with the end of its work and that of its slice.
        var computing: [Int: (name: String, left: Double, slice: Double)] = [:]
        var left: [Int: Double] = [:]
        var ended: [(name: String, at: Double)] = []
        var used: [String: Double] = [:]

        init(cores: Int, slice: Double = 1) {
            table = TurnTable(cores: cores, slice: slice)
        }

        mutating func arrive(
            _ name: String,
            of client: String,
            seconds: Double,
            guess: Double = 0.1
        ) {
            nextID += 1
            left[nextID] = seconds
            let task = TurnTable<String>.Task(
                id: nextID,
                name,
                client: .key(client),
                level: 0,
                predicted: guess
            )
            table.append(task, at: now)
            start(table.begin(at: now))
        }

        mutating func start(_ tasks: [TurnTable<String>.Task]) {
            for task in tasks {
                computing[task.id] = (task.payload, left[task.id] ?? 0, table.slice)
            }
            #expect(computing.count <= table.cores)
        }

        /// Lets time pass, in steps of a thousandth, up to an instant.
        mutating func run(until end: Double) {
            let step = 0.001
            while now < end {
                now += step
                for (id, task) in computing.sorted(by: { $0.key < $1.key }) {
                    used[task.name, default: 0] += step
                    computing[id]?.left -= step
                    computing[id]?.slice -= step
                    if task.left <= step {
                        computing[id] = nil
                        ended.append((task.name, now))
                        start(table.end(id, at: now).others)
                    } else if task.slice <= step {
                        ask(id)
                    }
                }
            }
        }

        private mutating func ask(_ id: Int) {
            let answer = table.ask(id, at: now)
            if answer.goesOn {
                computing[id]?.slice = table.slice
            } else {
                left[id] = computing.removeValue(forKey: id)?.left
            }
            start(answer.others)
        }
    }

    @Test func `who asks for little waits for at most two slices, whatever others compute`() {
        for cores in 1...3 {
            var simulation = Simulation(cores: cores)
            for attacker in 0..<8 {
                for _ in 0..<3 {
                    simulation.arrive("long", of: "attacker \(attacker)", seconds: 1e6)
                }
            }
            simulation.run(until: 30)
            for round in 0..<20 {
                let asked = simulation.now
                simulation.arrive("good \(round)", of: "good", seconds: 0.05)
                simulation.run(until: asked + 3)
                let end = simulation.ended.last { $0.name == "good \(round)" }?.at ?? .infinity
                #expect(end - asked <= 2.06, "\(cores) cores, round \(round)")
            }
        }
    }

    @Test func `clients share the cores equally, however many requests each has`() {
        var simulation = Simulation(cores: 2)
        for _ in 0..<6 { simulation.arrive("a", of: "a", seconds: 1e6) }
        for _ in 0..<2 { simulation.arrive("b", of: "b", seconds: 1e6) }
        for _ in 0..<2 { simulation.arrive("c", of: "c", seconds: 1e6) }
        simulation.run(until: 300)
        for name in ["a", "b", "c"] {
            let seconds = simulation.used[name] ?? 0
            #expect(abs(seconds - 200) < 6, "\(name): \(seconds)")
        }
    }

    @Test func `a client alone uses all cores, and goes on when its slice is over`() {
        var simulation = Simulation(cores: 2)
        for index in 0..<4 { simulation.arrive("\(index)", of: "a", seconds: 10, guess: 10) }
        simulation.run(until: 20.1)
        #expect(simulation.ended.count == 4)
        // What is longer than a slice is done in its order: two that are halfway help nobody.
        #expect(simulation.ended.prefix(2).map(\.name).sorted() == ["0", "1"])
    }

    @Test func `a short request of a client does not wait until its long ones are done`() {
        var simulation = Simulation(cores: 1)
        simulation.arrive("long", of: "a", seconds: 100, guess: 100)
        simulation.run(until: 5)
        simulation.arrive("short", of: "a", seconds: 0.1)
        simulation.run(until: 8)
        #expect(simulation.ended.map(\.name) == ["short"])
    }

    @Test func `only so many long requests begin; the others wait, and short ones do not`() {
        var simulation = Simulation(cores: 2)
        let most = simulation.table.limits.long
        for client in 0..<most * 2 {
            simulation.arrive("long", of: "client \(client)", seconds: 1e6, guess: 50)
        }
        simulation.run(until: 40)
        #expect(simulation.used["long"] ?? 0 > 79)
        #expect(simulation.table.queue.count == most * 2 - 2)
        let asked = simulation.now
        simulation.arrive("good", of: "good", seconds: 0.05)
        simulation.run(until: asked + 2.1)
        #expect(simulation.ended.map(\.name) == ["good"])
    }

    @Test func `what others ask for refuses nobody, and what one asks for refuses itself`() {
        var table = TurnTable<String>(cores: 2, slice: 0.01)
        for id in 0..<100 {
            let task = TurnTable<String>.Task(
                id: id,
                "",
                client: .key("greedy"),
                level: 0,
                predicted: 1
            )
            table.append(task, at: 0)
            _ = table.begin(at: 0)
        }
        #expect(table.wait(of: .key("greedy"), level: 0) == 50)
        #expect(table.wait(of: .key("good"), level: 0) == 0)
        #expect(table.longestWait == 50)
        let task = TurnTable<String>.Task(
            id: 100,
            "",
            client: .key("good"),
            level: 0,
            predicted: 0.1
        )
        table.append(task, at: 0)
        // Its own tenth of a second, at half of two cores.
        #expect(abs(table.wait(of: .key("good"), level: 0) - 0.1) < 1e-9)
    }

    @Test func `a task that does not ask is replaced, and waits when it does`() {
        var table = TurnTable<String>(cores: 1, slice: 1)
        func task(_ id: Int) -> TurnTable<String>.Task {
            TurnTable<String>.Task(
                id: id,
                "",
                client: .key("\(id)"),
                level: 0,
                predicted: 0.1
            )
        }
        table.append(task(1), at: 0)
        #expect(table.begin(at: 0).map(\.id) == [1])
        #expect(table.replaceOverdue(at: 100).isEmpty)
        table.append(task(2), at: 100)
        #expect(table.begin(at: 100).isEmpty)
        #expect(table.replaceOverdue(at: 101).isEmpty)
        #expect(table.replaceOverdue(at: 101.6).map(\.id) == [2])
        let answer = table.ask(1, at: 101.7)
        #expect(!answer.goesOn)
        #expect(answer.others.isEmpty)
        #expect(abs(answer.used - 101.7) < 1e-9)
        #expect(table.end(2, at: 101.8).others.map(\.id) == [1])
        #expect(abs(table.end(1, at: 102).seconds - 101.9) < 1e-9)
        #expect(table.running == 0)
    }
}
