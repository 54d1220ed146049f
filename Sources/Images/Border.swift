/// The mean of the outermost rows and columns of a picture, whose rows come one by one.
struct BorderSum {
    private let width: Int
    private let height: Int
    private let channels: Int
    private var row = 0
    private var sum = 0
    private var count = 0

    init(width: Int, height: Int, channels: Int) {
        self.width = width
        self.height = height
        self.channels = channels
    }

    /// 0…255.
    var mean: Double { Double(sum) / Double(count) }

    mutating func take(_ samples: [UInt8]) {
        if row == 0 || row == height - 1 {
            add(samples[...])
        } else {
            add(samples[..<channels])
            if width > 1 { add(samples[(samples.count - channels)...]) }
        }
        row += 1
    }

    private mutating func add(_ samples: ArraySlice<UInt8>) {
        for sample in samples { sum += Int(sample) }
        count += samples.count
    }
}
