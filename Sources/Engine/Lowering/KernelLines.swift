import Compute
import Graph

/// A convolution of few channels, whose kernel's lines lie together in an image with its padding around it.
///
/// Four bytes are multiplied at once: a tap of one or three channels would leave room.
struct KernelLines {
    private let rows: WindowAxis
    private let columns: WindowAxis
    private let channels: Int
    private let images: Int

    /// Rows and columns of an image with its padding.
    private let height: Int
    private let width: Int

    /// Nil where nothing is gained.
    init?(rows: WindowAxis, columns: WindowAxis, channels: Int, images: Int) {
        (self.rows, self.columns, self.channels, self.images) = (rows, columns, channels, images)
        height = rows.padBegin + rows.input + rows.reachedEnd
        width = columns.padBegin + columns.input + columns.reachedEnd
        func fours(_ count: Int) -> Int { (count + 3) / 4 }
        let line = columns.kernel * channels
        guard columns.dilation == 1, rows.padBegin >= 0, columns.padBegin >= 0,
            columns.kernel > 1, channels <= 16,
            fours(line) * 8 < columns.kernel * fours(channels) * 7,
            // Padding that is more than the image is listed, not copied.
            height * width <= 4 * rows.input * columns.input + 4096
        else { return nil }
    }

    var weights: (taps: Int, channels: Int) { (rows.kernel, columns.kernel * channels) }

    /// The tap and channel of the kernel that a channel of a line is.
    func place(tap: Int, channel: Int) -> (tap: Int, channel: Int) {
        (tap * columns.kernel + channel / channels, channel % channels)
    }

    var places: BytePlaces {
        func axis(_ old: WindowAxis, input: Int, kernel: Int) -> WindowAxis {
            WindowAxis(
                input: input,
                output: old.output,
                padding: (0, 0),
                kernel: kernel,
                stride: old.stride,
                dilation: old.dilation
            )
        }
        return BytePlaces(
            rows: axis(rows, input: height, kernel: rows.kernel),
            columns: axis(columns, input: width, kernel: 1),
            channels: channels
        )
    }

    /// Adds the step that puts the padding around the images; they themselves where there is none.
    func padded(
        _ source: ValueID,
        _ layer: IntegerLayer,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        guard height > rows.input || width > columns.input else { return source }
        let output = try plan.define(
            "",
            [images, channels, height, width],
            .last,
            type: plan[source].type
        )
        let (lines, columns, rows) = (self, columns, rows)
        plan.step(
            layer.node.name,
            chunks: images,
            reads: [source] + layer.reads,
            writes: [output],
            isExact: true
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            let zero = layer.zeroByte(placement)
            let (width, height, channels) = (lines.width, lines.height, lines.channels)
            let line = columns.input * channels
            return { arena, image in
                let target = to.position(in: arena).bytes + image * height * width * channels
                let source = from.position(in: arena).bytes + image * rows.input * line
                target.fill(zero(arena), count: height * width * channels)
                for row in 0..<rows.input {
                    let place = (row + rows.padBegin) * width + columns.padBegin
                    (target + place * channels).copy(from: source + row * line, bytes: line)
                }
            }
        }
        return output
    }
}
