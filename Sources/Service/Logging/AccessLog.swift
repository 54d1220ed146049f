import HTTP
import Logging

extension Logger {
    /// One line for an answered request.
    func logAccess(_ record: AccessRecord) {
        let microseconds = Int(record.duration / .microseconds(1))
        info(
            "\(record.method) \(record.target) \(record.status.code)",
            metadata: [
                "request_id": "\(record.requestID)", "method": "\(record.method)",
                "target": "\(record.target)", "status": "\(record.status.code)",
                "bytes_in": "\(record.bytesIn)", "bytes_out": "\(record.bytesOut)",
                "microseconds": "\(microseconds)",
            ]
        )
    }
}
