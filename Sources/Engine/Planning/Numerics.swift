/// "precise" uses direct kernels only; "fast" may use transforms that stay within 1e-4 of max|y|.
public enum Numerics: String, CaseIterable, Sendable {
    case fast
    case precise
}
