import ArgumentParser
import Service

/// The command line.
@main
struct Striate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "striate",
        abstract: "Serve convolutional and recurrent networks over HTTP.",
        discussion: """
            Without a subcommand, the models that ship are served on 127.0.0.1:8080:

              striate
              curl --data-binary @shirt.png localhost:8080/models/fashion/classify
              curl -d '{"text":"In the beginning God created the heav"}' \\
                localhost:8080/models/scripture/next

            A model is a folder with a model.json; look at one before serving it:

              striate check config/models/fashion
              striate predict config/models/fashion shirt.png

            Exit codes: 0 success, 1 failure, 64 wrong usage.
            """,
        version: striateVersion,
        subcommands: [
            ServeCommand.self, CheckCommand.self, DescribeCommand.self, PredictCommand.self,
            NewCommand.self, ImportCommand.self, DocumentCommand.self,
            QuantiseCommand.self, BenchCommand.self, LoadCommand.self, HealthCommand.self,
            KeyCommand.self,
        ],
        defaultSubcommand: ServeCommand.self
    )
}
