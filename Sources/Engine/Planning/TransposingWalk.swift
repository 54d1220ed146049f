import Compute
import Graph

/// A copy to row-major order from a place with other strides.
///
/// Where neighbours of the source lie along another axis than those of the result, these two axes are a matrix that
/// is transposed square by square; all others are walked through.
struct TransposingWalk: Sendable {
    private let rows: StrideWalk
    /// The source's neighbours: how many, and how far apart in the result; nil where they are the result's too.
    private var columns: (count: Int, stride: Int)?
    /// The result's neighbours, and how far apart they lie in the source.
    private var across = (count: 1, stride: 1)

    /// Reads elements of `shape`, `strides` apart, and writes them row-major.
    init(_ shape: [Int], _ strides: [Int]) {
        var (sizes, sources): ([Int], [Int]) = ([], [])
        for axis in shape.indices where shape[axis] != 1 {
            if let last = sizes.indices.last, sources[last] == strides[axis] * shape[axis] {
                sizes[last] *= shape[axis]
                sources[last] = strides[axis]
            } else {
                sizes.append(shape[axis])
                sources.append(strides[axis])
            }
        }
        var targets = rowMajorStrides(sizes)
        let dense = sources.firstIndex(of: 1)
        if let dense, let last = sizes.indices.last, dense != last, sizes[dense] >= 2,
            sizes[last] >= 2
        {
            columns = (sizes[dense], targets[dense])
            across = (sizes[last], sources[last])
            for axis in [last, dense] {
                sizes.remove(at: axis)
                sources.remove(at: axis)
                targets.remove(at: axis)
            }
            // A last axis of one element keeps every matrix a row of its own.
            rows = StrideWalk(sizes, sources, targets)
        } else {
            rows = StrideWalk(sizes, sources, targets)
        }
    }

    private var matrices: Int { rows.rows * rows.length }

    /// Pieces of a matrix, in multiples of sixteen of its rows.
    private var pieces: Stretches {
        Stretches(across.count, least: 32768 / max(1, columns?.count ?? 1), unit: 16)
    }

    var chunks: Int {
        guard columns != nil else { return rows.chunks }
        return pieces.chunks * Stretches(matrices, least: 16384 / matrixSize, unit: 1).chunks
    }

    private var matrixSize: Int { max(1, across.count * (columns?.count ?? 1)) }

    func run(
        _ chunk: Int,
        from source: BytePosition,
        into target: BytePosition,
        width: Int,
        _ kernels: KernelSet
    ) {
        guard let columns else {
            rows.forEachRow(in: rows.rows(ofChunk: chunk)) { _, first, second in
                (target + second * width).move(
                    source + first * width,
                    width: width,
                    count: rows.length,
                    steps: rows.steps
                )
            }
            return
        }
        let pieces = pieces
        let part = pieces[chunk % pieces.chunks]
        let group = Stretches(matrices, least: 16384 / matrixSize, unit: 1)[chunk / pieces.chunks]
        guard !group.isEmpty else { return }
        let first = group.lowerBound / rows.length
        rows.forEachRow(in: first..<(group.upperBound - 1) / rows.length + 1) { row, from, to in
            let start = row * rows.length
            for matrix in max(start, group.lowerBound)..<min(start + rows.length, group.upperBound)
            {
                let place = matrix - start
                let x = from + place * rows.steps.first + part.lowerBound * across.stride
                let y = to + place * rows.steps.second + part.lowerBound
                kernels.transpose(
                    width: width,
                    source + x * width,
                    row: across.stride,
                    into: target + y * width,
                    row: columns.stride,
                    rows: part.count,
                    columns: columns.count
                )
            }
        }
    }
}
