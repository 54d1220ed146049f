import HTTP

/// Fields for what a browser shows as a page: nothing is loaded from elsewhere, nobody may frame it.
enum PageSecurity {
    private static let policy = """
        default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
        img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
        frame-ancestors 'none'
        """

    static func headers(for response: Response) -> [(String, String)] {
        let type = response.headers.first { $0.0 == "Content-Type" }?.1 ?? ""
        guard type.hasPrefix("text/html") || type.hasPrefix("image/svg+xml") else { return [] }
        return [
            ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
        ]
    }
}
