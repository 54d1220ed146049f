import Foundation
import Images
import Testing

/// The cases that Golden/make.py wrote.
enum Golden {
    struct Picture: Decodable {
        var width: Int
        var height: Int
        var channels: Int
        var samples: Data

        var image: Image {
            Image(width: width, height: height, channels: channels, samples: Array(samples))
        }
    }

    struct File: Decodable {
        var name: String
        var file: Data
        var width: Int
        var height: Int
        var channels: Int
        var samples: Data

        var image: Image {
            Image(width: width, height: height, channels: channels, samples: Array(samples))
        }
    }

    static func cases<Case: Decodable>(_ name: String) throws -> [Case] {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden")
        )
        return try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
    }
}

/// Compares shapes, then every sample.
func expectClose(
    _ actual: Image,
    _ expected: Image,
    within tolerance: Int,
    _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.width == expected.width, actual.height == expected.height,
        actual.channels == expected.channels
    else {
        let shapes = [actual, expected].map { "\($0.width)x\($0.height)x\($0.channels)" }
        Issue.record("\(name): \(shapes[0]) is not \(shapes[1])", sourceLocation: sourceLocation)
        return
    }
    let differences = zip(actual.samples, expected.samples).map { abs(Int($0) - Int($1)) }
    let worst = differences.max() ?? 0
    let count = differences.count { $0 > tolerance }
    #expect(
        worst <= tolerance,
        "\(name): \(count) of \(differences.count) samples differ, by up to \(worst)",
        sourceLocation: sourceLocation
    )
}
