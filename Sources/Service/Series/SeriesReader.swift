import Compute
import Graph
import HTTP
import Models
import TensorFormats

/// Reads the series of a request's body, in any of the forms a series route takes.
struct SeriesReader: Sendable {
    private let name: String
    private let channels: Int
    private let length: Int?
    /// Numbers a request may carry, a batch included.
    private let limit: Int
    private let mean: [Float]
    private let scale: [Float]

    /// Nil for a model whose input is not a series.
    init?(_ manifest: Manifest, limit: Int) {
        guard case .series(let name, let channels, let length) = manifest.input else { return nil }
        self.name = name
        self.channels = channels
        self.length = length
        self.limit = limit
        mean = manifest.preprocessing?.mean ?? [Float](repeating: 0, count: channels)
        scale = manifest.preprocessing?.scale ?? [Float](repeating: 1, count: channels)
    }

    private var expected: String {
        "a CSV file with \(channels) numbers in each line (curl --data-binary @series.csv), "
            + "{\"series\": [[…]…]} with \(channels) lists, or an application/x-npy array"
    }

    /// One series, or several of equal length from a batch.
    func inputs(of request: Request) throws(ServiceError) -> [NetworkInput] {
        try request.checkBody(expecting: expected)
        switch BodyKind(request) {
        case .json: return try inputs(try json(request.body), field: "series")
        case .npy: return try inputs(try npy(request.body), field: "the array")
        case .text, .unknown: return [input(try table(request.body))]
        case .picture, .form:
            throw .unsupportedMedia(
                got: request.header("Content-Type") ?? "unknown",
                expected: expected
            )
        }
    }

    // MARK: Forms

    private func json(_ body: Bytes) throws(ServiceError) -> TensorData {
        let series = try body.readJSON { (reader) throws(ServiceError) -> TensorData? in
            var series: TensorData?
            do throws(JSONError) {
                try reader.object { (key, reader) throws(JSONError) in
                    guard key == "series" else {
                        throw reader.unknownKey(key, known: ["series"])
                    }
                    series = try reader.tensor(limit: limit)
                }
            } catch {
                throw .json(error)
            }
            return series
        }
        guard let series else { throw .missingField("series", expected: "lists of numbers") }
        return series
    }

    private func npy(_ body: Bytes) throws(ServiceError) -> TensorData {
        try body.withSpan { (bytes) throws(ServiceError) in
            do throws(NPYError) {
                return try NPY.decode(bytes, limit: limit)
            } catch {
                throw .npy(error)
            }
        }
    }

    /// Lines are steps: [L, C] is turned into [C, L].
    private func table(_ body: Bytes) throws(ServiceError) -> TensorData {
        let table: TensorData
        do throws(CSVError) {
            table = try CSV.decode(body.copy(0..<body.count), limit: limit)
        } catch {
            throw .csv(error)
        }
        let (steps, columns) = (table.shape[0], table.shape[1])
        guard columns == channels, length ?? steps == steps else {
            throw .shape(
                field: "the table",
                expected: "\(length.map(String.init) ?? "any number of") lines (steps) of "
                    + "\(channels) numbers (channels)",
                got: "\(steps) lines of \(columns)"
            )
        }
        let values = (0..<columns).flatMap { channel in
            (0..<steps).map { table.values[$0 * columns + channel] }
        }
        return TensorData(shape: [columns, steps], values: values)
    }

    // MARK: Shapes

    private func inputs(
        _ tensor: TensorData,
        field: String
    ) throws(ServiceError) -> [NetworkInput] {
        if let index = tensor.values.firstIndex(where: { !$0.isFinite }) {
            throw .invalidValue(
                field: field,
                expected: "finite numbers",
                got: "\(tensor.values[index]) at position \(index + 1)"
            )
        }
        var shape = tensor.shape
        if shape.count == 1, channels == 1 { shape.insert(1, at: 0) }
        if shape.count == 2 { shape.insert(1, at: 0) }
        guard shape.count == 3, (1...64).contains(shape[0]), shape[1] == channels, shape[2] > 0,
            length ?? shape[2] == shape[2]
        else { throw wrongShape(tensor, field) }
        let size = shape[1] * shape[2]
        return (0..<shape[0]).map { item in
            let values = Array(tensor.values[item * size..<(item + 1) * size])
            return input(TensorData(shape: Array(shape[1...]), values: values))
        }
    }

    /// A series [C, L], normalised: x = (value − mean) / scale.
    private func input(_ series: TensorData) -> NetworkInput {
        let (mean, scale, steps) = (mean, scale, series.shape[1])
        return NetworkInput(name: name, shape: Shape([1] + series.shape)) { values in
            for index in series.values.indices {
                let channel = index / steps
                values[index] = (series.values[index] - mean[channel]) / scale[channel]
            }
        }
    }

    private func wrongShape(_ tensor: TensorData, _ field: String) -> ServiceError {
        let steps = length.map(String.init) ?? "length"
        let flat = channels == 1 ? "[\(steps)], " : ""
        return .shape(
            field: field,
            expected: "\(flat)[\(channels), \(steps)], or a batch of at most 64 of these",
            got: "[\(tensor.shape.map(String.init).joined(separator: ", "))]"
        )
    }
}
