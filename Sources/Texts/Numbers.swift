/// A number with a fixed count of decimals.
public func fixed(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    guard value.isFinite, abs(value * scale) < 1e15 else { return "\(value)" }
    let number = Int((abs(value) * scale).rounded())
    let digits = String(number)
    let sign = value < 0 && number > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let filled = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + filled.dropLast(decimals) + "." + filled.suffix(decimals)
}
