import Images

extension Answer {
    /// A picture, and in a header field what it shows.
    init(_ image: Image, legend: String) throws(ServiceError) {
        let file: [UInt8]
        do throws(ImageError) {
            file = try image.encodedPNG()
        } catch {
            throw .image(error, part: nil)
        }
        self.init(.png, body: file, headers: [("X-Striate-Picture", legend)])
    }
}
