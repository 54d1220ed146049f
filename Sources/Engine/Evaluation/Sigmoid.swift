import Glibc

/// The logistic function.
func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
