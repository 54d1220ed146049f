import Dispatch
import Graph
import Images
public import Models
import Synchronization
import TensorFormats

/// The share of labelled pictures a model gets right, by the arithmetic that serves it.
public struct Accuracy: Sendable {
    public let correct: Int
    public let total: Int

    public var value: Double { Double(correct) / Double(total) }
}

/// Why a model cannot be evaluated on some data.
public enum EvaluationError: Error, Sendable, CustomStringConvertible {
    case noPictureModel(String)
    case noSymbolModel(String)
    case invalidData(file: String, reason: String)
    case service(ServiceError)

    public var description: String {
        switch self {
        case .noPictureModel(let name): "the model \"\(name)\" does not classify pictures"
        case .noSymbolModel(let name): "the model \"\(name)\" does not predict symbols"
        case .invalidData(let file, let reason): "\(file): \(reason)"
        case .service(let error): error.description
        }
    }
}

extension Accuracy {
    /// Classifies grey pictures [count, height, width] of 0…255 in the model's own size, on all cores.
    ///
    /// Pictures take the path of a sent file. `progress` is called from any thread with the number of pictures
    /// done.
    public static func measure(
        _ model: Model,
        pictures: (shape: [Int], values: [UInt8]),
        labels: [UInt8],
        progress: @escaping @Sendable (Int) -> Void
    ) throws(EvaluationError) -> Accuracy {
        guard model.manifest.task == .imageClassification,
            let output = model.manifest.outputs.first,
            let preparation = PicturePreparation(model.manifest, maximumPixels: 1 << 30)
        else { throw .noPictureModel(model.name) }
        let shape = pictures.shape
        guard shape.count == 3, shape[0] == labels.count, shape.allSatisfy({ $0 > 0 }) else {
            throw .invalidData(file: "images", reason: "\(shape) pictures, \(labels.count) labels")
        }
        let size = shape[1] * shape[2]
        let state = Mutex((correct: 0, done: 0, error: ServiceError?.none))
        DispatchQueue.concurrentPerform(iterations: shape[0]) { index in
            let image = Image(
                width: shape[2],
                height: shape[1],
                channels: 1,
                samples: Array(pictures.values[index * size..<(index + 1) * size])
            )
            let result = Result { () throws(ServiceError) in
                try model.run(image, through: preparation, output: output)
            }
            let done = state.withLock { state in
                switch result {
                case .success(let outputs):
                    let best = outputs.first.map { ranking(of: $0.values.span, count: 1) }
                    if best?.first?.index == Int(labels[index]) { state.correct += 1 }
                case .failure(let error): state.error = error
                }
                state.done += 1
                return state.done
            }
            progress(done)
        }
        let (correct, error) = state.withLock { ($0.correct, $0.error) }
        if let error { throw .service(error) }
        return Accuracy(correct: correct, total: shape[0])
    }
}

extension Model {
    /// Runs a whole picture as if it had been sent as a file.
    fileprivate func run(
        _ image: Image,
        through preparation: PicturePreparation,
        output: String
    ) throws(ServiceError) -> [NamedTensor] {
        let target = try preparation.target()
        let fitted: Image
        do throws(ImageError) {
            fitted = try image.made(as: target)
        } catch {
            throw .image(error, part: nil)
        }
        do throws(ModelError) {
            return try run(
                preparation.prepared(fitted),
                through: preparation,
                outputs: [output],
                isCancelled: { false }
            )
        } catch {
            throw .model(error)
        }
    }
}
