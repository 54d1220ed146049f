import Graph
import Models
import Telemetry
import TensorFormats

/// `GET /v2/models/stats` and `/v2/models/{m}/stats`.
enum StatisticsPages {
    static func all(_ statistics: InferenceStatistics) -> Route {
        Route(
            method: .get,
            template: "/v2/models/stats",
            summary: "Open Inference Protocol: counts and times of every model.",
            forms: [],
            conventions: .openInference,
            document: RouteDocument(answerExample: example),
            answer: { (call) throws(ServiceError) in
                statistics.keep(Set(call.host.repository.allVersions.map { $0.label }))
                return page(call.host.repository.models, statistics)
            }
        )
    }

    static func ofModel(_ statistics: InferenceStatistics) -> [Route] {
        Route.versions(of: "/v2/models/{model}", "/stats").map { template in
            Route(
                method: .get,
                template: template,
                summary: "Open Inference Protocol: counts and times of one model.",
                forms: [],
                conventions: .openInference,
                document: RouteDocument(answerExample: example),
                answer: { (call) throws(ServiceError) in page([try call.model], statistics) }
            )
        }
    }

    private static let times: JSON = ["count": 1, "ns": 36000]

    private static let example: JSON = [
        "model_stats": [
            [
                "name": "brackets", "version": "1", "last_inference": 1_798_761_600_000,
                "inference_count": 1, "execution_count": 1,
                "inference_stats": [
                    "success": times, "fail": times, "queue": times, "compute_input": times,
                    "compute_infer": times, "compute_output": times, "cache_hit": times,
                    "cache_miss": times,
                ],
                "response_stats": [:],
                "batch_stats": [
                    [
                        "batch_size": 1, "compute_input": times, "compute_infer": times,
                        "compute_output": times,
                    ]
                ],
                "memory_usage": [["type": "CPU", "id": 0, "byte_size": 40]],
            ]
        ]
    ]

    private static func page(_ models: [Model], _ statistics: InferenceStatistics) -> Answer {
        Answer(["model_stats": .array(models.map { entry($0, statistics) })])
    }

    private static func entry(_ model: Model, _ statistics: InferenceStatistics) -> JSON {
        let figures = statistics.figures(of: model.label)
        let nothing = InferenceStatistics.Total()
        return [
            "name": .string(model.name), "version": .string(model.version),
            "last_inference": .integer(figures.lastMilliseconds),
            "inference_count": .integer(figures.rows),
            "execution_count": .integer(figures.executions),
            "inference_stats": [
                "success": total(figures.success), "fail": total(figures.fail),
                "queue": total(figures.queue), "compute_input": total(figures.input),
                "compute_infer": total(figures.compute), "compute_output": total(figures.output),
                "cache_hit": total(nothing), "cache_miss": total(nothing),
            ],
            "response_stats": [:],
            "batch_stats": .array(
                figures.batches.sorted { $0.key < $1.key }.map { size, batch in
                    [
                        "batch_size": .integer(size), "compute_input": total(batch.input),
                        "compute_infer": total(batch.compute),
                        "compute_output": total(batch.output),
                    ]
                }
            ),
            "memory_usage": [
                [
                    "type": "CPU", "id": 0,
                    "byte_size": .integer(model.parameterCount * MemoryLayout<Float>.stride),
                ]
            ],
        ]
    }

    private static func total(_ total: InferenceStatistics.Total) -> JSON {
        ["count": .integer(total.count), "ns": .integer(total.nanoseconds)]
    }
}
