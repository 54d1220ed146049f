/// The rows of a picture file from the top, as they are stored: grey or RGB, 8 bits.
protocol RowReader: AnyObject {
    var width: Int { get }
    var height: Int { get }
    /// 1 grey, 3 RGB.
    var channels: Int { get }

    /// Does what must be done before the first row, and tells `tick` of how many pixels it was.
    func start(_ tick: (Int) throws(ImageError) -> Void) throws(ImageError)

    /// Reads the next row, `width * channels` samples.
    func next(into row: inout [UInt8]) throws(ImageError)

    /// After the last row: a sentence for each thing that is odd about the file.
    func finish() throws(ImageError) -> [String]
}
