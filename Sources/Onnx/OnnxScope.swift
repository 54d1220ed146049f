/// The values that a graph's nodes may read: its own, and those of the graphs around it.
///
/// A graph inside of another may use a name that the outer one has: inside, the inner value counts. It gets another name
/// here, so that every value of the graphs that lie in each other has one of its own.
final class OnnxScope {
    private let outer: OnnxScope?
    /// Our names by those of the file.
    private var names: [String: String] = [:]
    private var taken: Set<String> = []

    init(inside outer: OnnxScope? = nil) {
        self.outer = outer
    }

    /// What a value of the file is called; nil if there is none.
    package func name(of value: String) -> String? {
        names[value] ?? outer?.name(of: value)
    }

    /// Adds a value of this graph and returns its name; nil if the graph has one of that name already.
    func define(_ value: String) -> String? {
        guard names[value] == nil else { return nil }
        var name = value
        var number = 1
        while isTaken(name) {
            number += 1
            name = "\(value)/\(number)"
        }
        names[value] = name
        taken.insert(name)
        return name
    }

    private func isTaken(_ name: String) -> Bool {
        taken.contains(name) || outer?.isTaken(name) ?? false
    }
}
