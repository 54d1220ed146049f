import Glibc

/// The Date field of answers, written anew once a second (RFC 9110 §5.6.7).
struct DateField {
    private var second = Int.min
    private var line: [UInt8] = []

    /// Appends a line break and the field.
    mutating func append(to output: inout OutputQueue) {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        if time.tv_sec != second {
            second = time.tv_sec
            line = Self.line(at: second)
        }
        output.append(line.span)
    }

    static func line(at second: Int) -> [UInt8] {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun",
            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        var second = second
        var date = unsafe tm()
        unsafe gmtime_r(&second, &date)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = unsafe "\(days[Int(date.tm_wday)]), \(two(date.tm_mday))"
        let month = unsafe "\(months[Int(date.tm_mon)]) \(1900 + Int(date.tm_year))"
        let time = unsafe "\(two(date.tm_hour)):\(two(date.tm_min)):\(two(date.tm_sec))"
        return Array("\r\nDate: \(day) \(month) \(time) GMT".utf8)
    }
}
