import Files
import Graph

/// What Hugging Face's files beside a model say of it: config.json and preprocessor_config.json, in model.json's words.
struct NeighbourFiles {
    /// nil where the files say nothing of it.
    private(set) var labels: JSONValue?
    private(set) var preprocessing: JSONValue?
    /// Height and width of what the network is given.
    private(set) var size: (height: Int, width: Int)?

    init(_ files: ModelFiles) {
        if let config = Self.object("config.json", files) {
            labels = Self.labels(config["id2label"])
        }
        guard let steps = Self.object("preprocessor_config.json", files) else { return }
        let given = Self.sides(steps["size"])
        let cut = steps["do_center_crop"] == .bool(true) ? Self.sides(steps["crop_size"]) : nil
        size = (cut ?? given)?.size
        preprocessing = .object(Self.preparation(steps, given, isCut: cut != nil))
    }

    /// The fields of a file; nil where there is none, or one of another kind that only has the name.
    private static func object(_ name: String, _ files: ModelFiles) -> [String: JSONValue]? {
        guard files.exists(name), let value = try? JSONValue.read(name, in: files),
            case .object(let fields) = value
        else { return nil }
        return fields
    }

    /// From {"0": "tench", "1": "goldfish"}, if none is missing.
    private static func labels(_ value: JSONValue?) -> JSONValue? {
        guard case .object(let names) = value, !names.isEmpty else { return nil }
        var labels: [JSONValue] = []
        for index in 0..<names.count {
            guard case .string(let name)? = names[String(index)] else { return nil }
            labels.append(.string(name))
        }
        return .array(labels)
    }

    /// A size in one of the words of image processors.
    private struct Sides {
        let size: (height: Int, width: Int)
        /// Whether it is the shorter side alone.
        let isShorter: Bool
    }

    private static func sides(_ value: JSONValue?) -> Sides? {
        switch value {
        case .number:
            guard let side = side(value) else { return nil }
            return Sides(size: (side, side), isShorter: false)
        case .object(let fields):
            if let side = side(fields["shortest_edge"]) {
                return Sides(size: (side, side), isShorter: true)
            }
            guard let height = side(fields["height"]), let width = side(fields["width"])
            else { return nil }
            return Sides(size: (height, width), isShorter: false)
        default: return nil
        }
    }

    /// A picture's side; what is none, or more than any network takes, counts as not said.
    private static func side(_ value: JSONValue?) -> Int? {
        value?.integer.flatMap { (1...1 << 14).contains($0) ? $0 : nil }
    }

    private static func preparation(
        _ steps: [String: JSONValue],
        _ given: Sides?,
        isCut: Bool
    ) -> [String: JSONValue] {
        var fields: [String: JSONValue] = ["fit": .string(isCut ? "crop" : "stretch")]
        if isCut, let given, given.isShorter {
            fields["shorter_side"] = .number(Double(given.size.height))
        }
        // Pillow's numbers of its filters.
        let filters = [0: "nearest", 2: "bilinear", 3: "bicubic", 4: "area"]
        if let filter = steps["resample"]?.integer.flatMap({ filters[$0] }) {
            fields["resize"] = .string(filter)
        }
        if steps["do_rescale"] == .bool(false) {
            fields["rescale"] = .number(1)
        } else if let factor = steps["rescale_factor"], !isByte(factor) {
            fields["rescale"] = factor
        }
        if steps["do_normalize"] != .bool(false) {
            fields["mean"] = steps["image_mean"]
            fields["std"] = steps["image_std"]
        }
        return fields
    }

    /// Whether it is the usual factor, by which division is more exact.
    private static func isByte(_ factor: JSONValue) -> Bool {
        guard case .number(let number) = factor else { return false }
        return abs(number * 255 - 1) < 1e-6
    }
}
