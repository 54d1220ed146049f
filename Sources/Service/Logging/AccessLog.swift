import HTTP
import Logging

extension Logger {
    /// One line for an answered request.
    func logAccess(_ record: AccessRecord) {
        let microseconds = Int(record.duration / .microseconds(1))
        info(
            "request",
            metadata: [
                "request_id": "\(record.requestID)", "method": "\(record.method)",
                "target": "\(record.target)",
                "status": .stringConvertible(record.status.code),
                "bytes_in": .stringConvertible(record.bytesIn),
                "bytes_out": .stringConvertible(record.bytesOut),
                "microseconds": .stringConvertible(microseconds),
            ]
        )
    }
}
