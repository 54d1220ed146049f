import Images

extension Answer {
    /// Maps or kernels side by side.
    init(_ mosaic: MapMosaic, legend: String) throws(ServiceError) {
        do throws(ImageError) {
            let file = try mosaic.encodedPNG()
            self.init(.png, body: file, headers: [("X-Striate-Picture", legend)])
        } catch {
            throw .image(error, part: nil)
        }
    }

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
