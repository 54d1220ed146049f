/// Blocks of 16 that `channels` channels fill, the last perhaps in part.
public func blocks(of channels: Int) -> Int {
    (channels + 15) / 16
}

/// The block of which at most 8 of `channels` channels count, or -1; see `ConvolutionGeometry`.
public func halfBlock(of channels: Int) -> Int {
    (1...8).contains(channels % 16) ? channels / 16 : -1
}

/// Which of a layer's outputs each lane of its output blocks computes.
///
/// Lanes without an output have weights and bias zero.
public struct OutputOrder: Sendable {
    /// The output of each lane, or -1.
    public let sources: [Int]

    public var blocks: Int { sources.count / 16 }

    /// Outputs as they come.
    public static func plain(_ outputs: Int) -> OutputOrder {
        OutputOrder(blocks: Compute.blocks(of: outputs)) { block, lane in
            let output = block * 16 + lane
            return output < outputs ? output : -1
        }
    }

    /// Outputs 2c and 2c + 1 side by side: lane c % 16 of blocks 2 (c / 16) and 2 (c / 16) + 1.
    public static func maxoutPairs(_ outputs: Int) -> OutputOrder {
        let pairs = outputs / 2
        return OutputOrder(blocks: 2 * Compute.blocks(of: pairs)) { block, lane in
            let pair = block / 2 * 16 + lane
            return pair < pairs ? 2 * pair + block % 2 : -1
        }
    }

    /// Gates [gates][hidden] so that a hidden block's gates follow each other.
    public static func gates(_ gates: Int, hidden: Int) -> OutputOrder {
        OutputOrder(blocks: Compute.blocks(of: hidden) * gates) { block, lane in
            let unit = block / gates * 16 + lane
            return unit < hidden ? block % gates * hidden + unit : -1
        }
    }

    private init(blocks: Int, source: (_ block: Int, _ lane: Int) -> Int) {
        sources = (0..<blocks * 16).map { source($0 / 16, $0 % 16) }
    }
}
