import HTTP

/// Fields for what a browser shows as a page: it loads and runs this server's files only, and nobody may frame it.
enum PageSecurity {
    /// Nothing stands in the page itself, so that nothing that got into it would run (CSP3 and Trusted Types).
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
        connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
        require-trusted-types-for 'script'; trusted-types 'none'
        """

    static func headers(for response: Response) -> [(String, String)] {
        let type = response.headers.first { $0.0 == "Content-Type" }?.1 ?? ""
        let isPage = type.hasPrefix("text/html") || type.hasPrefix("image/svg+xml")
        guard isPage || type.hasPrefix("text/") else { return [] }
        // A browser takes text for what it is said to be, not for what it looks like.
        let always = [("X-Content-Type-Options", "nosniff")]
        guard isPage else { return always }
        return always + [
            ("Content-Security-Policy", policy), ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
        ]
    }
}
