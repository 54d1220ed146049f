import KernelInterface

/// Channels [16 first, 16 end) of a planar image into blocks; lanes past `channels` become zero.
func blockFromPlanar(
    _ planar: Floats,
    _ planarPlane: Int,
    _ planarRow: Int,
    _ channels: Int,
    _ height: Int,
    _ width: Int,
    _ blocked: MutableFloats,
    _ blockedPlane: Int,
    _ blockedRow: Int,
    _ first: Int,
    _ end: Int
) {
    for block in first..<end {
        for row in 0..<height {
            let target = blocked + (block &* blockedPlane &+ row &* blockedRow)
            if width >= 8 && channels &- block &* 16 >= 16 {
                let source = planar + (block &* 16 &* planarPlane &+ row &* planarRow)
                blockRow(source, planarPlane, width, target)
                continue
            }
            for lane in 0..<16 {
                let channel = block &* 16 &+ lane
                if channel < channels {
                    let source = planar + (channel &* planarPlane &+ row &* planarRow)
                    for x in 0..<width { target[x &* 16 &+ lane] = source[x] }
                } else {
                    for x in 0..<width { target[x &* 16 &+ lane] = 0 }
                }
            }
        }
    }
}

/// One row of sixteen channels, eight pixels at a time; the last eight are moved left until they fit.
///
/// Eight channels come before the others: planes of 4 KiB would compete, all sixteen, for eight lines of a cache.
@_transparent
private func blockRow(_ planar: Floats, _ plane: Int, _ width: Int, _ blocked: MutableFloats) {
    for half in 0..<2 {
        let (source, target) = (planar + half &* 8 &* plane, blocked + half &* 8)
        var next = 0
        while next < width {
            let column = min(next, width &- 8)
            striate_transpose8(source + column, plane, target + column &* 16, 16)
            next &+= 8
        }
    }
}

@_transparent
private func unblockRow(_ blocked: Floats, _ plane: Int, _ width: Int, _ planar: MutableFloats) {
    for half in 0..<2 {
        let (source, target) = (blocked + half &* 8, planar + half &* 8 &* plane)
        var next = 0
        while next < width {
            let column = min(next, width &- 8)
            striate_transpose8(source + column &* 16, 16, target + column, plane)
            next &+= 8
        }
    }
}

/// The way back; lanes past `channels` are not written.
func planarFromBlock(
    _ blocked: Floats,
    _ blockedPlane: Int,
    _ blockedRow: Int,
    _ channels: Int,
    _ height: Int,
    _ width: Int,
    _ planar: MutableFloats,
    _ planarPlane: Int,
    _ planarRow: Int,
    _ first: Int,
    _ end: Int
) {
    for block in first..<end {
        if width >= 8 && channels &- block &* 16 >= 16 {
            for row in 0..<height {
                let source = blocked + (block &* blockedPlane &+ row &* blockedRow)
                let target = planar + (block &* 16 &* planarPlane &+ row &* planarRow)
                unblockRow(source, planarPlane, width, target)
            }
            continue
        }
        for lane in 0..<max(0, min(16, channels &- block &* 16)) {
            let channel = block &* 16 &+ lane
            for row in 0..<height {
                let source = blocked + (block &* blockedPlane &+ row &* blockedRow &+ lane)
                let target = planar + (channel &* planarPlane &+ row &* planarRow)
                for x in 0..<width { target[x] = source[x &* 16] }
            }
        }
    }
}

/// Rows of a matrix into blocked points.
func blockFromPoints(
    _ matrix: Floats,
    _ points: Int,
    _ channels: Int,
    _ blocked: MutableFloats,
    _ blockedPlane: Int
) {
    for block in 0..<((channels &+ 15) / 16) {
        let count = min(16, channels &- block &* 16)
        for point in 0..<points {
            let source = matrix + (point &* channels &+ block &* 16)
            let target = blocked + (block &* blockedPlane &+ point &* 16)
            store(count == 16 ? load(source) : load(source, count: count), target)
        }
    }
}

/// Blocked points into rows of a matrix.
func pointsFromBlock(
    _ blocked: Floats,
    _ blockedPlane: Int,
    _ points: Int,
    _ channels: Int,
    _ matrix: MutableFloats
) {
    for block in 0..<((channels &+ 15) / 16) {
        let count = min(16, channels &- block &* 16)
        for point in 0..<points {
            let source = load(blocked + (block &* blockedPlane &+ point &* 16))
            let target = matrix + (point &* channels &+ block &* 16)
            if count == 16 { store(source, target) } else { store(source, target, count: count) }
        }
    }
}
