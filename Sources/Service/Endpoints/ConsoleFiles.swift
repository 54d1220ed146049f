import Console

/// `GET /console.css`, `/console.js` and `/sound.js`: what the console's page loads.
enum ConsoleFiles {
    static let routes = [
        file("/console.css", .css, "The console's style sheet.") { Console.style },
        file("/console.js", .javascript, "The console's script.") { Console.script },
        file("/sound.js", .javascript, "What the console listens to a microphone with.") {
            Console.sound
        },
    ]

    /// Like the page, they hold no secrets: a browser sends no key for them.
    private static func file(
        _ template: String,
        _ form: AnswerForm,
        _ summary: String,
        body: @escaping @Sendable () -> [UInt8]
    ) -> Route {
        Route(
            method: .get,
            template: template,
            summary: summary,
            access: .everyone,
            isRevalidated: true,
            forms: [form],
            answer: { (_) throws(ServiceError) in Answer(form, body: body()) }
        )
    }
}
