import Compute
import Graph

/// The lists of places of an image's windows: those that look alike are written once, when the plan is made.
///
/// Places in it are counted from where the windows of a list's first row begin.
struct WindowLists: Sendable {
    private let places: BytePlaces
    /// Output rows of a list.
    private let rowsPerList: Int
    /// Places of a list, and how many lists there are.
    private let listSize: Int
    private let count: Int
    /// Lists at the upper edge, and at the lower one: each looks different, all between them look alike.
    private let upper: Int
    private let lower: Int
    /// Nil where they are written when they are needed.
    private let storage: FloatStorage?
    /// For each list that is stored, which of its places are padding.
    private let padded: [[Int]]

    private static let padding = Int.min

    init(_ places: BytePlaces, isKept: Bool) {
        self.places = places
        (rowsPerList, listSize, count) = (places.rowsPerList, places.listSize, places.lists)
        (upper, lower) = places.edges
        guard isKept else {
            (storage, padded) = (nil, [])
            return
        }
        let (size, kinds) = (places.listSize, places.listKinds)
        let storage = FloatStorage(count: 2 * size * kinds)
        var padded = [[Int]](repeating: [], count: kinds)
        // Where all lists are edges none stands for the others.
        for kind in 0..<kinds where kind != upper || upper + lower < places.lists {
            let list = kind <= upper ? kind : places.lists - lower + kind - upper - 1
            let rows = places.rows(of: list)
            let target = storage.start.bytes + 8 * kind * size
            places.write(
                rows,
                first: -rows.lowerBound * places.rowStep,
                padding: Self.padding,
                into: target
            )
            let count = places.size(of: rows)
            padded[kind] = target.withMutableIntegers(count: count) { list in
                list.indices.filter { list[$0] == Self.padding }
            }
        }
        (self.storage, self.padded) = (storage, padded)
    }

    /// The output rows of a list.
    func rows(of list: Int) -> Range<Int> {
        list * rowsPerList..<min((list + 1) * rowsPerList, places.rows.output)
    }

    /// The list's places, and what they are counted from.
    ///
    /// `scratch` has room for the list, and then for bytes that stand for zero.
    func places(
        of list: Int,
        image: Int,
        in source: BytePosition,
        scratch: PlaceList.Room,
        zero: UInt8
    ) -> (source: BytePosition, offsets: BytePosition) {
        let rows = rows(of: list)
        let first = image * places.pixels * places.channels
        let padding = scratch.padding
        guard let storage else {
            padding.fill(zero, count: places.channels + 16)
            places.write(
                rows,
                first: first,
                padding: source.distance(to: padding),
                into: scratch.list
            )
            return (source, scratch.list)
        }
        let kind = list < upper ? list : max(upper, list - count + lower + upper + 1)
        let base = source + (first + rows.lowerBound * places.rowStep)
        let stored = storage.start.bytes + 8 * kind * listSize
        guard !padded[kind].isEmpty else { return (base, stored) }
        padding.fill(zero, count: places.channels + 16)
        let size = places.size(of: rows)
        scratch.list.copy(from: stored, bytes: 8 * size)
        let distance = base.distance(to: padding)
        scratch.list.withMutableIntegers(count: size) { list in
            for index in padded[kind] { list[index] = distance }
        }
        return (base, scratch.list)
    }
}

extension BytePlaces {
    /// Places in a list of all rows that it may have.
    var listSize: Int { rowsPerList * columns.output * taps }

    /// Lists that look different.
    fileprivate var listKinds: Int { edges.upper + edges.lower + 1 }

    func size(of rows: Range<Int>) -> Int { rows.count * columns.output * taps }

    /// How many of the first and of the last lists have windows that reach above or below the image, or fewer rows.
    fileprivate var edges: (upper: Int, lower: Int) {
        let above = (max(0, rows.padBegin) + rows.stride - 1) / rows.stride
        let room = rows.input - 1 - (rows.kernel - 1) * rows.dilation + rows.padBegin
        let inside = room < 0 ? 0 : min(rows.output, room / rows.stride + 1)
        let upper = min(lists, (above + rowsPerList - 1) / rowsPerList)
        let lower = lists - inside / rowsPerList
        return upper + lower < lists ? (upper, lower) : (lists, 0)
    }
}

/// Memory of a worker: a list of places, and bytes that stand for zero.
struct PlaceList {
    let scratch: ValueID
    /// Whether all lists are kept with the plan: they are neither long nor many.
    let isKept: Bool
    private let listBytes: Int

    private static let mostKept = 1 << 19

    init(_ places: BytePlaces, into plan: inout PlanBuilder) throws(ModelError) {
        listBytes = places.listSize * 8
        scratch = try plan.workerScratch((listBytes + places.channels + 64) / 4 + 16)
        let all = listBytes.multipliedReportingOverflow(by: places.listKinds)
        isKept =
            !all.overflow && all.partialValue <= Self.mostKept
            && plan.mayKeepList(bytes: all.partialValue)
    }

    /// Where they are.
    struct Room {
        let list: BytePosition
        let padding: BytePosition
    }

    func room(at start: BytePosition) -> Room {
        Room(list: start, padding: start + listBytes)
    }
}
