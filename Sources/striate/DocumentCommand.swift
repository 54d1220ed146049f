import ArgumentParser
import Service

/// `striate document`: pages of the documentation that are made from the code.
struct DocumentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "document",
        abstract: "Print the tables of all settings or of all errors, as docs/ has them.",
        shouldDisplay: false
    )

    enum Page: String, ExpressibleByArgument, CaseIterable {
        case settings, errors
    }

    @Argument(help: "settings or errors.")
    var page: Page

    func run() {
        let text = page == .settings ? GeneratedDocuments.settings : GeneratedDocuments.errors
        print(text, terminator: "")
    }
}
