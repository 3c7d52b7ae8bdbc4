"""The compiled loops under the phantom: shapes along rays, tubes as beads, vessel trees.

Every coordinate is LPS in mm: +x left, +y posterior, +z head. A *shape* is crossed at most once
by a line along y, so a line integral is a walk over a few intervals, and a voxel column is the same
walk written into an array: the X-ray and the CT cannot disagree about the anatomy.

Row of the shape table (`SHAPE_FIELDS`): kind, index into its own table, attenuation per mm, HU,
label, lowest and highest z, y and x. Later rows lie over earlier ones.
"""

# ruff: noqa: ANN001, ANN201, ANN202, RUF046 - numba infers the types

import math

import numpy as np
from numba import njit

KIND, INDEX, MU, HU, LABEL, Z_LOW, Z_HIGH, Y_LOW, Y_HIGH, X_LOW, X_HIGH = range(11)
SHAPE_FIELDS = 11
ELLIPSOID, PROFILE = 0, 1
PROFILE_BOTTOM_MM, PROFILE_STEP_MM, PROFILE_LEVELS = -300.0, 4.0, 151
MOST_SHAPES = 96


@njit(cache=True, inline="always")
def _ellipsoid_interval(row, x, z):
    """Entry and exit along y of an ellipsoid (centre, inverse matrix); (1, 0) when missed."""
    dx = x - row[0]
    dz = z - row[2]
    a = row[6]
    b = row[4] * dx + row[7] * dz
    c = row[3] * dx * dx + 2.0 * row[5] * dx * dz + row[8] * dz * dz - 1.0
    root = b * b - a * c
    if root <= 0.0:
        return 1.0, 0.0
    root = math.sqrt(root)
    return row[1] + (-b - root) / a, row[1] + (-b + root) / a


@njit(cache=True, inline="always")
def _profile_interval(levels, x, z):
    """Entry and exit along y of a stack of rounded cross-sections; (1, 0) when missed.

    A level holds centre x, centre y, reach to -x and +x, reach to the front and the back, and a
    squareness from 0 (ellipse) to 1.
    """
    at = (z - PROFILE_BOTTOM_MM) / PROFILE_STEP_MM
    low = int(at)
    if at < 0.0 or low >= PROFILE_LEVELS - 1:
        return 1.0, 0.0
    t = at - low
    one = levels[low]
    two = levels[low + 1]
    dx = x - (one[0] + t * (two[0] - one[0]))
    side = 2 if dx < 0.0 else 3
    reach = one[side] + t * (two[side] - one[side])
    if reach <= 0.0 or abs(dx) >= reach:
        return 1.0, 0.0
    u = dx / reach
    u *= u
    square = one[6] + t * (two[6] - one[6])
    height = math.sqrt((1.0 - u) * (1.0 + square * u))
    cy = one[1] + t * (two[1] - one[1])
    front = one[4] + t * (two[4] - one[4])
    back = one[5] + t * (two[5] - one[5])
    return cy - front * height, cy + back * height


@njit(cache=True, inline="always")
def _interval(shape, ellipsoids, profiles, x, z):
    if z < shape[Z_LOW] or z > shape[Z_HIGH] or x < shape[X_LOW] or x > shape[X_HIGH]:
        return 1.0, 0.0
    if shape[KIND] == ELLIPSOID:
        y0, y1 = _ellipsoid_interval(ellipsoids[int(shape[INDEX])], x, z)
    else:
        y0, y1 = _profile_interval(profiles[int(shape[INDEX])], x, z)
    return max(y0, shape[Y_LOW]), min(y1, shape[Y_HIGH])


@njit(cache=True)
def label_at(shapes, ellipsoids, profiles, point):
    """Label of the topmost shape that holds `point` (x, y, z)."""
    for n in range(shapes.shape[0] - 1, -1, -1):
        y0, y1 = _interval(shapes[n], ellipsoids, profiles, point[0], point[2])
        if y0 <= point[1] <= y1:
            return int(shapes[n, LABEL])
    return 0


@njit(cache=True)
def front_at(shapes, ellipsoids, profiles, x, z):
    """The most anterior y of the body on a line along y."""
    front = 1e6
    for n in range(shapes.shape[0]):
        y0, y1 = _interval(shapes[n], ellipsoids, profiles, x, z)
        if y1 > y0 and y0 < front:
            front = y0
    return front


@njit(cache=True)
def labels_at(shapes, ellipsoids, profiles, points):
    """`label_at` for points (n, 3)."""
    labels = np.zeros(points.shape[0], np.int32)
    for n in range(points.shape[0]):
        labels[n] = label_at(shapes, ellipsoids, profiles, points[n])
    return labels


@njit(cache=True, inline="always")
def _ray_interval(shape, ellipsoids, profiles, ray, middle):
    """Interval of a shape on a diverging ray: found at its middle, refined at both ends."""
    u, v, source, span, centre_z = ray
    y0, y1, at = 1.0, 0.0, middle
    for turn in range(3):
        f = (source - at) / span
        a, b = _interval(shape, ellipsoids, profiles, u * f, centre_z + v * f)
        if turn == 0:
            if b <= a:
                break
            y0, y1, at = a, b, a
        elif turn == 1:
            at = y1
            y0 = a if b > a else y0
        else:
            y1 = b if b > a else y1
    return y0, y1


@njit(cache=True, inline="always")
def _uncovered(y0, y1, starts, ends, count):
    """Length of [y0, y1] outside the sorted, disjoint intervals."""
    free = y1 - y0
    for k in range(count):
        overlap = min(y1, ends[k]) - max(y0, starts[k])
        if overlap > 0.0:
            free -= overlap
    return free


@njit(cache=True, inline="always")
def _cover(y0, y1, starts, ends, count):
    """Add [y0, y1] to the disjoint intervals, merging what touches; the new count."""
    kept = 0
    for k in range(count):
        if ends[k] < y0 or starts[k] > y1:
            starts[kept] = starts[k]
            ends[kept] = ends[k]
            kept += 1
        else:
            y0 = min(y0, starts[k])
            y1 = max(y1, ends[k])
    starts[kept] = y0
    ends[kept] = y1
    return kept + 1


@njit(cache=True, fastmath=True)
def project_shapes(shapes, ellipsoids, profiles, middles, us, vs, beam, labels):
    """Line integrals and thickness per label of all shapes on a detector.

    `us` and `vs` are detector columns and rows in mm from the central ray, `beam` is (source y,
    source to detector, z of the central ray). Gives (rows, columns) attenuation and (labels, rows,
    columns) thickness in mm.
    """
    total = np.zeros((vs.size, us.size), np.float32)
    thickness = np.zeros((labels, vs.size, us.size), np.float32)
    met = np.empty(shapes.shape[0], np.int64)
    for row in range(vs.size):
        starts = np.empty(MOST_SHAPES)
        ends = np.empty(MOST_SHAPES)
        # Only shapes at this height can be met by the row's rays.
        near = 0
        for n in range(shapes.shape[0] - 1, -1, -1):
            z = beam[2] + vs[row] * (beam[0] - middles[n]) / beam[1]
            if shapes[n, Z_LOW] <= z <= shapes[n, Z_HIGH]:
                met[near] = n
                near += 1
        for column in range(us.size):
            ray = (us[column], vs[row], beam[0], beam[1], beam[2])
            count = 0
            for m in range(near):
                n = met[m]
                y0, y1 = _ray_interval(shapes[n], ellipsoids, profiles, ray, middles[n])
                if y1 <= y0:
                    continue
                free = _uncovered(y0, y1, starts, ends, count)
                if free <= 0.0:
                    continue
                count = _cover(y0, y1, starts, ends, count)
                total[row, column] += free * shapes[n, MU]
                label = int(shapes[n, LABEL])
                if label > 0:
                    thickness[label, row, column] += free
    return total, thickness


@njit(cache=True, fastmath=True)
def fill_shapes(shapes, ellipsoids, profiles, xs, ys, zs, sub, outside):
    """HU and label of every voxel: (slices, rows, columns) float32 and uint8.

    A voxel's HU is the mean over `sub` x `sub` columns and its exact share along y; `outside` is
    the value where no shape is. What the table's HU column holds is what is filled in.
    """
    step_x = xs[1] - xs[0]
    step_y = ys[1] - ys[0]
    step_z = zs[1] - zs[0] if zs.size > 1 else 1.0
    hu = np.zeros((zs.size, ys.size, xs.size), np.float32)
    label = np.zeros((zs.size, ys.size, xs.size), np.uint8)
    share = 1.0 / (sub * sub)
    for k in range(zs.size):
        line = np.empty(ys.size, np.float32)
        for i in range(xs.size):
            for part in range(sub * sub):
                x = xs[i] + ((part % sub + 0.5) / sub - 0.5) * step_x
                z = zs[k] + ((part // sub + 0.5) / sub - 0.5) * step_z
                line[:] = outside
                for n in range(shapes.shape[0]):
                    y0, y1 = _interval(shapes[n], ellipsoids, profiles, x, z)
                    if y1 > y0:
                        _fill_line(line, y0, y1, ys[0], step_y, shapes[n, HU])
                hu[k, :, i] += line * share
            for n in range(shapes.shape[0]):
                y0, y1 = _interval(shapes[n], ellipsoids, profiles, xs[i], zs[k])
                first = max(0, int(math.ceil((y0 - ys[0]) / step_y)))
                last = min(ys.size - 1, int(math.floor((y1 - ys[0]) / step_y)))
                for j in range(first, last + 1):
                    label[k, j, i] = int(shapes[n, LABEL])
    return hu, label


@njit(cache=True, inline="always")
def _fill_line(line, y0, y1, first_y, step, value):
    begin = (y0 - first_y) / step + 0.5
    end = (y1 - first_y) / step + 0.5
    for j in range(max(0, int(begin)), min(line.size, int(end) + 1)):
        share = min(end, j + 1.0) - max(begin, float(j))
        if share > 0.0:
            line[j] += (value - line[j]) * min(1.0, share)


@njit(cache=True, fastmath=True)
def splat_beads(image, beads, mass, us, vs, beam):
    """Add the shadow of ellipsoidal beads to line integrals.

    `beads` (n, 9): centre and the matrix xx xy xz yy yz zz of semi-axes squared; `mass` is
    attenuation times volume (mm^2). Mass is kept however coarse the detector is.
    """
    step = us[1] - us[0]
    blur = (0.55 * step) ** 2
    for n in range(beads.shape[0]):
        f = (beam[0] - beads[n, 1]) / beam[1]
        u = beads[n, 0] / f
        v = (beads[n, 2] - beam[2]) / f
        xx = beads[n, 3] / (f * f) + blur
        xz = beads[n, 5] / (f * f)
        zz = beads[n, 8] / (f * f) + blur
        det = xx * zz - xz * xz
        peak = 2.0 * mass[n] / (math.pi * math.sqrt(det) * f * f)
        left = max(0, int(math.ceil((u - math.sqrt(xx) - us[0]) / step)))
        right = min(us.size - 1, int((u + math.sqrt(xx) - us[0]) / step))
        # Rows run downwards, so v falls.
        top = max(0, int(math.ceil((vs[0] - v - math.sqrt(zz)) / step)))
        bottom = min(vs.size - 1, int((vs[0] - v + math.sqrt(zz)) / step))
        for row in range(top, bottom + 1):
            dz = vs[row] - v
            for column in range(left, right + 1):
                dx = us[column] - u
                inside = 1.0 - (zz * dx * dx - 2.0 * xz * dx * dz + xx * dz * dz) / det
                if inside > 0.0:
                    image[row, column] += peak * inside


@njit(cache=True, fastmath=True)
def splat_drums(image, drums, us, vs, beam):
    """Add the shadow of upright elliptic cylinders: centre, half widths x y z, attenuation."""
    step = us[1] - us[0]
    edge = max(0.8, 0.5 * step)
    for n in range(drums.shape[0]):
        f = (beam[0] - drums[n, 1]) / beam[1]
        for row in range(vs.size):
            dz = abs(beam[2] + vs[row] * f - drums[n, 2])
            if dz > drums[n, 5] + edge:
                continue
            share = min(1.0, 0.5 + 0.5 * (drums[n, 5] - dz) / edge)
            for column in range(us.size):
                dx = (us[column] * f - drums[n, 0]) / drums[n, 3]
                if abs(dx) < 1.0:
                    chord = 2.0 * drums[n, 4] * math.sqrt(1.0 - dx * dx)
                    image[row, column] += share * chord * drums[n, 6]


@njit(cache=True, fastmath=True)
def paint_beads(cover, beads, inverse, xs, ys, zs):
    """Raise `cover` (slices, rows, columns; 0 to 1) to the share of each voxel inside the beads."""
    step_x = xs[1] - xs[0]
    step_y = ys[1] - ys[0]
    step_z = zs[1] - zs[0] if zs.size > 1 else 1.0
    for k in range(zs.size):
        for n in range(beads.shape[0]):
            reach_z = math.sqrt(beads[n, 8])
            if abs(zs[k] - beads[n, 2]) > reach_z + 0.5 * step_z:
                continue
            # Voxels are taller than thin tubes: the nearest height inside the voxel counts.
            dz = zs[k] - beads[n, 2]
            outside = max(0.0, abs(dz) - 0.5 * step_z)
            dz = math.copysign(max(outside, min(abs(dz), 0.35 * reach_z)), dz)
            reach_x = math.sqrt(beads[n, 3])
            reach_y = math.sqrt(beads[n, 6])
            thin = min(reach_x, reach_y, reach_z)
            fade = thin / step_x
            i0 = max(0, int((beads[n, 0] - reach_x - xs[0]) / step_x))
            i1 = min(xs.size - 1, int((beads[n, 0] + reach_x - xs[0]) / step_x) + 1)
            j0 = max(0, int((beads[n, 1] - reach_y - ys[0]) / step_y))
            j1 = min(ys.size - 1, int((beads[n, 1] + reach_y - ys[0]) / step_y) + 1)
            for j in range(j0, j1 + 1):
                dy = ys[j] - beads[n, 1]
                for i in range(i0, i1 + 1):
                    dx = xs[i] - beads[n, 0]
                    m = inverse[n]
                    squared = (
                        m[0] * dx * dx
                        + m[3] * dy * dy
                        + m[5] * dz * dz
                        + 2.0 * (m[1] * dx * dy + m[2] * dx * dz + m[4] * dy * dz)
                    )
                    if squared > 9.0:
                        continue
                    share = min(1.0, 0.5 + (1.0 - math.sqrt(squared)) * fade)
                    share *= min(1.0, thin / (0.5 * step_x))
                    cover[k, j, i] = max(cover[k, j, i], share)


@njit(cache=True)
def paint_drums(cover, drums, xs, ys, zs):
    """Raise `cover` to the share of each voxel inside upright elliptic cylinders."""
    step_x = xs[1] - xs[0]
    step_z = zs[1] - zs[0] if zs.size > 1 else 1.0
    for k in range(zs.size):
        for n in range(drums.shape[0]):
            dz = abs(zs[k] - drums[n, 2])
            tall = min(1.0, 0.5 + (drums[n, 5] - dz) / step_z)
            if tall <= 0.0:
                continue
            for j in range(ys.size):
                dy = (ys[j] - drums[n, 1]) / drums[n, 4]
                if abs(dy) > 1.3:
                    continue
                for i in range(xs.size):
                    dx = (xs[i] - drums[n, 0]) / drums[n, 3]
                    if abs(dx) > 1.3:
                        continue
                    away = 1.0 - math.sqrt(dx * dx + dy * dy)
                    share = tall * min(1.0, 0.5 + away * drums[n, 4] / step_x)
                    cover[k, j, i] = max(cover[k, j, i], share)


@njit(cache=True)
def grow_tree(root, targets, jitter, step_mm):
    """A branching tree from `root` to every target: node points (n, 3) and parent of each node.

    A target joins the node that is near to it and not far along the tree, so branches run outwards
    from the hilum as vessels do. `targets` come sorted by distance; `jitter` (m, 3) bends paths.
    """
    most = 40 * targets.shape[0] + 1
    nodes = np.zeros((most, 3))
    parents = np.full(most, -1, np.int32)
    path = np.zeros(most)
    nodes[0] = root
    count = 1
    used = 0
    for t in range(targets.shape[0]):
        best, best_cost = 0, 1e18
        for n in range(count):
            cost = 0.45 * path[n]
            if cost >= best_cost:
                continue
            dx = targets[t, 0] - nodes[n, 0]
            dy = targets[t, 1] - nodes[n, 1]
            dz = targets[t, 2] - nodes[n, 2]
            cost += math.sqrt(dx * dx + dy * dy + dz * dz)
            if cost < best_cost:
                best, best_cost = n, cost
        gap = targets[t] - nodes[best]
        length = math.sqrt((gap * gap).sum())
        steps = max(1, int(length / step_mm))
        bend = jitter[t] * (0.12 * length)
        start = nodes[best].copy()
        parent = best
        for s in range(1, steps + 1):
            if count >= most:
                break
            along = s / steps
            used = (used + 1) % jitter.shape[0]
            nodes[count] = start + gap * along + bend * math.sin(math.pi * along)
            nodes[count] += jitter[used] * 0.4
            parents[count] = parent
            path[count] = path[parent] + length / steps
            parent = count
            count += 1
    return nodes[:count].copy(), parents[:count].copy()


@njit(cache=True)
def tree_radii(parents, leaf_mm, power):
    """Radius of every node by Murray's law: powers of the children's radii add up."""
    total = np.zeros(parents.size)
    child = np.zeros(parents.size, np.bool_)
    for n in range(parents.size - 1, -1, -1):
        if not child[n]:
            total[n] = leaf_mm**power
        if parents[n] >= 0:
            total[parents[n]] += total[n]
            child[parents[n]] = True
    return total ** (1.0 / power)


@njit(cache=True, fastmath=True)
def blur_rows(image, kernel):
    """Convolve each row of (rows, columns) with a symmetric kernel, edges repeated."""
    half = kernel.size // 2
    out = np.empty_like(image)
    width = image.shape[1]
    for row in range(image.shape[0]):
        for column in range(width):
            total = 0.0
            for k in range(-half, half + 1):
                at = min(width - 1, max(0, column + k))
                total += kernel[k + half] * image[row, at]
            out[row, column] = total
    return out


@njit(cache=True)
def resample(points, step_mm):
    """A polyline (n, 3) at even distances along its length."""
    count = points.shape[0]
    along = np.zeros(count)
    for n in range(1, count):
        gap = points[n] - points[n - 1]
        along[n] = along[n - 1] + math.sqrt((gap * gap).sum())
    parts = max(1, int(round(along[-1] / step_mm)))
    out = np.empty((parts + 1, 3))
    n = 0
    for k in range(parts + 1):
        at = along[-1] * k / parts
        while n < count - 2 and along[n + 1] < at:
            n += 1
        width = along[n + 1] - along[n]
        t = min(1.0, (at - along[n]) / width) if width > 0.0 else 0.0
        out[k] = points[n] + t * (points[n + 1] - points[n])
    return out


@njit(cache=True)
def tube_beads(points, up, out, normals, is_round):
    """Beads (n, 9) and the volume each stands for (n,) of a tube along `points` (n, 3)."""
    count = points.shape[0]
    rows = np.empty((count, 9))
    volumes = np.empty(count)
    for n in range(count):
        low, high = max(0, n - 1), min(count - 1, n + 1)
        tangent = (points[high] - points[low]) / max(1, high - low)
        step = math.sqrt((tangent * tangent).sum())
        tangent = tangent / step
        rows[n, :3] = points[n]
        if is_round:
            squared = up[n] * up[n]
            rows[n, 3:] = 0.0
            rows[n, 3] = rows[n, 6] = rows[n, 8] = squared
            volumes[n] = math.pi * squared * step
            continue
        normal = normals[n] - (normals[n] * tangent).sum() * tangent
        normal = normal / math.sqrt((normal * normal).sum())
        across = np.cross(tangent, normal)
        long = max(out[n], 1.3 * step)
        m = 3
        for i in range(3):
            for j in range(i, 3):
                rows[n, m] = (
                    out[n] ** 2 * normal[i] * normal[j]
                    + up[n] ** 2 * across[i] * across[j]
                    + long**2 * tangent[i] * tangent[j]
                )
                m += 1
        volumes[n] = math.pi * up[n] * out[n] * step
    return rows, volumes
