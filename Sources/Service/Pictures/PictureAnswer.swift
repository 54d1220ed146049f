import Compute
import Images

extension Answer {
    /// Maps or kernels side by side, compressed by what cores are free.
    init(_ mosaic: MapMosaic, legend: String, _ workers: Workers) throws(ServiceError) {
        do throws(ImageError) {
            // Compressing a byte takes as long as some hundred multiply–adds.
            let file = try mosaic.encodedPNG { count, job in
                workers.divide(count, work: count << 26, job)
            }
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
