import Compute
import Graph

/// A convolution's constant weights [O, I / groups, kh, kw], and with a tiling [O, I, kh, kw, rows, columns].
///
/// The kernels of a series have one row.
struct Kernel: Sendable {
    /// [O, I / groups, kh, kw].
    let shape: Shape
    let values: StoredFloats
    /// One number per output, or per output and kernel of the tiling.
    let bias: [Float]?
    /// Tells its packed form from those of other kernels.
    let key: String
    var isSeries = false
    var tiling = Tiling.none

    /// [O, I, k] as [O, I, 1, k].
    static func image(_ shape: Shape) -> Shape {
        shape.rank == 3 ? [shape[0], shape[1], 1, shape[2]] : shape
    }

    /// How many kernels take turns in each direction.
    struct Tiling: Sendable {
        static let none = Tiling(rows: 1, columns: 1)
        let rows: Int
        let columns: Int

        var count: Int { rows * columns }
    }

    /// The kernel at place `index` of the tiling, as one of its own.
    func tile(_ index: Int) -> Kernel {
        let (tiles, values) = (tiling.count, values)
        @Sendable func picked(_ values: [Float]) -> [Float] {
            stride(from: index, to: values.count, by: tiles).map { values[$0] }
        }
        let isShared = bias?.count == shape[0]
        return Kernel(
            shape: shape,
            values: StoredFloats(count: values.count / tiles) { () throws(ModelError) in
                picked(try values.read())
            },
            bias: isShared ? bias : bias.map(picked),
            key: key
        )
    }
}

extension Windows {
    /// The windows, or why plans do not take them.
    static func reading(
        _ attributes: inout AttributeReader,
        ceils: Bool
    ) -> Result<Windows, ModelError> {
        do throws(ModelError) {
            return .success(try Windows(&attributes, ceils: ceils))
        } catch {
            return .failure(error)
        }
    }
}

extension Node {
    /// The bias of a convolution, input 2: a constant, or absent.
    func constantBias(_ plan: PlanBuilder) throws(ModelError) -> [Float]? {
        let bias = plan.constant(self, 2)?.floats
        guard bias != nil || inputs.count < 3 || inputs[2].isEmpty else {
            throw .shape(node: name, reason: "the bias of a convolution must be a constant")
        }
        return bias
    }
}
