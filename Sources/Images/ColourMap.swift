/// Colours for numbers from 0 to 1.
public enum ColourMap: String, Sendable, CaseIterable {
    /// Dark blue over green to yellow, of even lightness steps: for feature maps.
    case viridis
    case grey
    /// Blue over white to red: for values around zero.
    case diverging
}
