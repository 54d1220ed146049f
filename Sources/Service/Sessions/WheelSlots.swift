/// Elements with places that stay, in the order of the second in which each is due (a timing wheel: Varghese and Lauck,
/// 1987, without hierarchy).
///
/// Inserting, moving, removing and taking what is due cost the same however many there are.
struct WheelSlots<Element> {
    private struct Slot {
        var element: Element?
        var tick = 0
        var previous = -1
        var next = -1
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    /// The first element of each second that has some.
    private var heads: [Int: Int] = [:]
    /// Every second before is empty.
    private var looked = 0

    /// The second in which a moment lies.
    func tick(_ seconds: Double) -> Int { Int(seconds.rounded(.down)) }

    subscript(place: Int) -> Element {
        get {
            guard let element = slots[place].element else {
                preconditionFailure("an element was asked for that was removed")
            }
            return element
        }
        _modify {
            guard var element = slots[place].element.take() else {
                preconditionFailure("an element was changed that was removed")
            }
            defer { slots[place].element = element }
            yield &element
        }
    }

    mutating func insert(_ element: Element, due tick: Int) -> Int {
        let place = free.popLast() ?? slots.count
        if place == slots.count { slots.append(Slot()) }
        slots[place].element = element
        link(place, tick)
        return place
    }

    mutating func remove(_ place: Int) {
        unlink(place)
        slots[place].element = nil
        free.append(place)
        if free.count == slots.count { self = Self() }
    }

    mutating func move(_ place: Int, due tick: Int) {
        guard slots[place].tick != max(tick, looked) else { return }
        unlink(place)
        link(place, tick)
    }

    /// Some element of a second before `tick`, which is to be moved or removed; nil if there is none.
    mutating func popDue(before tick: Int) -> Int? {
        // After a long pause the seconds that have elements are fewer than those that passed.
        if tick - looked > heads.count {
            looked = min(heads.keys.min() ?? tick, tick)
        }
        while looked < tick {
            if let head = heads[looked] { return head }
            looked += 1
        }
        return nil
    }

    private mutating func link(_ place: Int, _ tick: Int) {
        let tick = max(tick, looked)
        let next = heads[tick] ?? -1
        slots[place].tick = tick
        slots[place].previous = -1
        slots[place].next = next
        if next >= 0 { slots[next].previous = place }
        heads[tick] = place
    }

    private mutating func unlink(_ place: Int) {
        let (previous, next) = (slots[place].previous, slots[place].next)
        if next >= 0 { slots[next].previous = previous }
        if previous >= 0 {
            slots[previous].next = next
        } else {
            heads[slots[place].tick] = next >= 0 ? next : nil
        }
    }
}
