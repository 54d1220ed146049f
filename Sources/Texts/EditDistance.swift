/// Levenshtein's distance; texts are cut to 64 letters.
public func editDistance(_ first: String, _ second: String) -> Int {
    let first = Array(first.prefix(64)), second = Array(second.prefix(64))
    var row = Array(0...second.count)
    for i in first.indices {
        var diagonal = row[0]
        row[0] = i + 1
        for j in second.indices {
            let substituted = diagonal + (first[i] == second[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[second.count]
}
