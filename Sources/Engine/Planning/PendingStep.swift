import Graph

extension PlanBuilder {
    /// A step whose values have no places yet.
    struct PendingStep {
        let name: String
        let chunks: Int
        let reads: [ValueID]
        let writes: [ValueID]
        var planes: PlaneChunks?
        /// Whether it touches the elements of what it reads and writes alone: kernels may go past a ragged end.
        var isExact = false
        /// What each element of the results of an exact step costs, in multiply–adds.
        var effort = 8
        /// Called once every value has its place: packs weights and returns the step's body.
        let bind: (Placement) throws(ModelError) -> Body
    }
}
