/// A sum of products of one value and of functions of it: what elementwise nodes compute, whatever their order.
struct Polynomial: Equatable, Sendable {
    enum Function: Sendable {
        case erf, tanh, sigmoid, softplus, exp
        /// max(x, 0).
        case positive
        /// min(max(x, 0), 1).
        case saturated
    }

    indirect enum Factor: Equatable, Sendable {
        case value
        case function(Function, Polynomial)
    }

    struct Term: Equatable, Sendable {
        var coefficient: Double
        var factors: [Factor]
    }

    private(set) var terms: [Term]

    /// The value itself.
    static let value = Polynomial(terms: [Term(coefficient: 1, factors: [.value])])

    /// Products of more terms are no pattern.
    private static let mostTerms = 8

    private init(terms: [Term]) { self.terms = terms }

    init(_ number: Double) {
        terms = number == 0 ? [] : [Term(coefficient: number, factors: [])]
    }

    init(_ function: Function, of argument: Polynomial) {
        terms = [Term(coefficient: 1, factors: [.function(function, argument)])]
    }

    /// The number it is, if it does not depend on the value.
    var number: Double? {
        terms.isEmpty
            ? 0 : terms.count == 1 && terms[0].factors.isEmpty ? terms[0].coefficient : nil
    }

    static func + (a: Polynomial, b: Polynomial) -> Polynomial {
        var sum = a
        for term in b.terms {
            if let place = sum.terms.firstIndex(where: { $0.factors == term.factors }) {
                sum.terms[place].coefficient += term.coefficient
            } else {
                sum.terms.append(term)
            }
        }
        return sum
    }

    static func * (number: Double, a: Polynomial) -> Polynomial {
        Polynomial(
            terms: a.terms.map {
                Term(coefficient: number * $0.coefficient, factors: $0.factors)
            }
        )
    }

    /// Multiplied out; nil where that is too long for a pattern.
    static func product(_ a: Polynomial, _ b: Polynomial) -> Polynomial? {
        guard a.terms.count * b.terms.count <= mostTerms else { return nil }
        var result = Polynomial(0)
        for x in a.terms {
            for y in b.terms {
                let factors = x.factors + y.factors
                guard factors.count <= mostTerms else { return nil }
                let term = Term(coefficient: x.coefficient * y.coefficient, factors: factors)
                result = result + Polynomial(terms: [term])
            }
        }
        return result
    }

    /// The argument if it is `coefficient` times the function of it, and nothing else.
    func argument(of function: Function, times coefficient: Double = 1) -> Polynomial? {
        guard terms.count == 1, terms[0].factors.count == 1,
            abs(terms[0].coefficient - coefficient) <= Self.tolerance * abs(coefficient),
            case .function(function, let argument) = terms[0].factors[0]
        else { return nil }
        return argument
    }

    /// slope · value + offset.
    var line: (slope: Double, offset: Double)? {
        var line = (slope: 0.0, offset: 0.0)
        for term in terms {
            if term.factors.isEmpty {
                line.offset += term.coefficient
            } else if term.factors == [.value] {
                line.slope += term.coefficient
            } else {
                return nil
            }
        }
        return line
    }

    /// What numbers rounded to float32, some of them twice, may differ by.
    private static let tolerance = 1e-6

    /// The same but for the roundings of its numbers.
    func isClose(to other: Polynomial) -> Bool {
        guard terms.count == other.terms.count else { return false }
        return terms.allSatisfy { term in
            other.terms.contains { $0.isClose(to: term, Self.tolerance) }
        }
    }
}

extension Polynomial.Term {
    fileprivate func isClose(to other: Polynomial.Term, _ tolerance: Double) -> Bool {
        guard factors.count == other.factors.count,
            abs(coefficient - other.coefficient) <= tolerance * abs(coefficient)
        else { return false }
        var rest = other.factors
        for factor in factors {
            guard let place = rest.firstIndex(where: { factor.isClose(to: $0) }) else {
                return false
            }
            rest.remove(at: place)
        }
        return true
    }
}

extension Polynomial.Factor {
    fileprivate func isClose(to other: Polynomial.Factor) -> Bool {
        switch (self, other) {
        case (.value, .value): true
        case (.function(let own, let argument), .function(let function, let wanted)):
            own == function && argument.isClose(to: wanted)
        default: false
        }
    }
}
