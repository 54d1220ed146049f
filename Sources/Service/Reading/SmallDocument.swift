import HTTP
import TensorFormats

extension Call {
    /// Reads the members of a body that may be empty.
    func document(
        _ member: (String, inout JSONReader) throws(JSONError) -> Void
    ) throws(ServiceError) {
        guard !request.body.isEmpty else { return }
        try request.body.readJSON { (reader) throws(ServiceError) in
            do throws(JSONError) {
                try reader.object { (key, reader) throws(JSONError) in
                    if try !reader.null() { try member(key, &reader) }
                }
            } catch {
                throw .json(error)
            }
        }
    }
}
