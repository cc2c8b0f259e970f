"""Compiled kernels of the recurrent operations in `ops_recurrent.py`, over the streams from `start` to `stop`.

A loop is over whole rows that begin at index 0: the compiler turns it into vector instructions, and gives up where it
has to guess whether `g[H + j]` might count from the end. It tests first whether the rows overlap, which takes as long
as a few dozen values where there are many of them.
"""

import numpy
from numpy import uint64

from cafflite.backend.kernels import summing_kernel
from cafflite.backend.kernels_math import f32, inlined, kernel, sigmoid, tanh
from cafflite.backend.kernels_tile import sum_of_rows
from cafflite.backend.kernels_vector import WIDTH, copy_some

VECTOR = 16  # values of the widest vectors there are


@inlined
def unit(gates, keep, before, cell, top):
    """One stream of `lstm_unit`; `keep` is its cont."""
    h = cell.size
    sigmoids, i, f, o, g = gates[: 3 * h], gates[:h], gates[h : 2 * h], gates[2 * h : 3 * h], gates[3 * h :]
    for j in range(sigmoids.size):
        sigmoids[j] = sigmoid(sigmoids[j])
    for j in range(h):
        g[j] = tanh(g[j])
    for j in range(h):
        cell[j] = f[j] * (keep * before[j]) + i[j] * g[j]
        top[j] = o[j] * tanh(cell[j])


@inlined
def gradients(i, f, o, g, before, cell, dh, dc):
    """Those of the four gates, before their nonlinearity, and of `before`, which is what was kept of the cell."""
    t, one = tanh(cell), f32(1)
    d = dc + dh * o * (one - t * t)
    return d * g * i * (one - i), d * before * f * (one - f), dh * t * o * (one - o), d * i * (one - g * g), d * f


@inlined
def limited(x, threshold):
    return min(max(x, -threshold), threshold)


@inlined
def unit_backward(gates, keep, before, cell, dh, dc, threshold, diff):
    """One stream of `lstm_unit_backward`."""
    h = cell.size
    i, f, o, g = gates[:h], gates[h : 2 * h], gates[2 * h : 3 * h], gates[3 * h :]
    di, df, do, dg = diff[:h], diff[h : 2 * h], diff[2 * h : 3 * h], diff[3 * h :]
    for j in range(h):
        di[j], df[j], do[j], dg[j], d = gradients(i[j], f[j], o[j], g[j], keep * before[j], cell[j], dh[j], dc[j])
        dc[j] = keep * d
    if threshold > 0:
        for j in range(diff.size):
            diff[j] = limited(diff[j], threshold)


@inlined
def keep_after(cont, t, n):
    """The cont of the step after t; the last one's output is kept whole."""
    return cont[t + 1, n] if t + 1 < cont.shape[0] else f32(1)


@inlined
def scale(factor, x, out):
    for j in range(out.size):
        out[j] = factor * x[j]


@kernel
def lstm_unit(start, stop, gates, cont, before, cell, top):
    for n in range(start, stop):
        unit(gates[n], cont[n], before[n], cell[n], top[n])


@kernel
def lstm_unit_backward(start, stop, gates, cont, before, cell, dh, dc, threshold, diff):
    for n in range(start, stop):
        unit_backward(gates[n], cont[n], before[n], cell[n], dh[n], dc[n], threshold, diff[n])


@kernel
def lstm_step(t, start, stop, offset, cont, seen, cells, gates, top):
    """Step t of `lstm`; `gates` hold the product of what it sees with the weights."""
    h = top.shape[2]
    for n in range(start, stop):
        gate, b = gates[t, n], offset[n if offset.shape[0] > 1 else 0]
        for j in range(gate.size):
            gate[j] += b[j]
        unit(gate, cont[t, n], cells[t, n], cells[t + 1, n], top[t, n])
        scale(keep_after(cont, t, n), top[t, n], seen[t + 1, n, -h:])


@kernel
def lstm_step_backward(t, start, stop, cont, cells, gates, top_diff, threshold, dh, dc, diff):
    """Step t of `lstm_backward`; `dh` is the gradient of what the step after t saw."""
    for n in range(start, stop):
        keep, above, below = keep_after(cont, t, n), top_diff[t, n], dh[n]
        for j in range(below.size):
            below[j] = above[j] + keep * below[j]
        unit_backward(gates[t, n], cont[t, n], cells[t, n], cells[t + 1, n], below, dc[n], threshold, diff[t, n])


@inlined
def copy(x, out):
    for j in range(x.size):
        out[j] = x[j]


@inlined
def copy_run(x, at, count, out, to):
    """out[to:] = x[at:], `count` values of flat arrays, by vectors."""
    for q in range(0, count, WIDTH):
        copy_some(x, at + q, count - q, out, to + q)


@inlined
def spread(gates, at, h, out, to, pitch):
    """Gates of h values each, from `at` on, to where each has room for more."""
    for k in range(4):
        copy_run(gates, at + k * h, h, out, to + k * pitch)


@inlined
def gather(gates, at, pitch, h, out, to):
    """The reverse of `spread`."""
    for k in range(4):
        copy_run(gates, at + k * pitch, h, out, to + k * h)


_sum_wide, _sum_in_parts = sum_of_rows(4, 1), sum_of_rows(1, 4)

# Where that which a step works on lies in `space`: so far apart that the compiler need not test whether the parts
# overlap, which costs a small net more than the work.
MOST = 208  # values of each
IN, FORGET, OUT, NEW, CELL, TOP, KEPT, BEFORE, DH, DC, D_IN, D_FORGET, D_OUT, D_NEW, PLACES = [
    uint64(MOST * k) for k in range(15)
]


@kernel
def lstm_sequence(start, stop, first, weight, offset, cont, seen, cells, gates, top):
    """All of `lstm` where calls of the BLAS would cost more than the work, for an H of `MOST` or less.

    `weight` (.., 4H) is that of the columns of `seen` from `first` on; the product of those before it is in `gates`.
    Rows of few values would mostly run through the slow end of each loop, so they get room up to whole vectors, where
    cells and outputs stay 0. What a step hands to the next one stays in them: a load waits for a store of another size.
    """
    steps, streams, h = top.shape
    room, inputs = -(-h // VECTOR) * VECTOR, weight.shape[0] - h
    rows = numpy.zeros((weight.shape[0], 4 * room), f32)
    for k in range(weight.shape[0]):
        spread(weight[k], 0, h, rows[k], 0, room)
    rows_h = rows[inputs:]
    b, gate, space = numpy.zeros(4 * room, f32), numpy.zeros(4 * room, f32), numpy.zeros(PLACES, f32)
    all_seen, all_cells, all_gates = seen.reshape(seen.size), cells.reshape(cells.size), gates.reshape(gates.size)
    tops, width = top.reshape(top.size), seen.shape[2]
    for n in range(start, stop):
        spread(offset[n if offset.shape[0] > 1 else 0], 0, h, b, 0, room)
        copy_run(all_cells, n * h, h, space, CELL)
        copy_run(all_seen, (n + 1) * width - h, h, space, KEPT)
        for t in range(steps):
            at, after = t * streams + n, (t + 1) * streams + n
            if first > 0:
                spread(all_gates, 4 * at * h, h, gate, 0, room)
                for j in range(gate.size):
                    gate[j] += b[j]
            else:
                copy(b, gate)
            for column in range(0, gate.size, 4 * WIDTH):
                _sum_wide(all_seen, at * width + first, 0, rows, 0, inputs, column, gate, column)
                _sum_wide(space, KEPT, 0, rows_h, 0, h, column, gate, column)
            keep, keep_next = cont[t, n], keep_after(cont, t, n)
            for j in range(room):
                q = uint64(j)
                i, f = sigmoid(gate[q]), sigmoid(gate[uint64(room) + q])
                o, g = sigmoid(gate[uint64(2 * room) + q]), tanh(gate[uint64(3 * room) + q])
                cell = f * (keep * space[CELL + q]) + i * g
                y = o * tanh(cell)
                space[IN + q], space[FORGET + q], space[OUT + q], space[NEW + q] = i, f, o, g
                space[CELL + q], space[TOP + q], space[KEPT + q] = cell, y, keep_next * y
            gather(space, IN, MOST, h, all_gates, 4 * at * h)
            copy_run(space, CELL, h, all_cells, after * h)
            copy_run(space, TOP, h, tops, at * h)
            copy_run(space, KEPT, h, all_seen, (after + 1) * width - h)


@kernel
def lstm_sequence_backward(start, stop, first, weight, cont, cells, gates, top_diff, threshold, dh, dc, diff, dx):
    """All of `lstm_backward`, as `lstm_sequence`; `weight` (4H, ..). `dx` is for a `first` of 0."""
    (streams, h), columns = dc.shape, weight.shape[1]
    inputs = columns - h
    room = -(-h // VECTOR) * VECTOR
    rows = numpy.zeros((4 * h, room + -(-inputs // VECTOR) * VECTOR), f32)  # hidden values first
    for k in range(4 * h):
        copy(weight[k, inputs:], rows[k])
        copy(weight[k, :inputs], rows[k, room:])
    below, hidden, space = numpy.zeros(rows.shape[1], f32), numpy.zeros(room, f32), numpy.zeros(PLACES, f32)
    all_cells, all_gates, diffs = cells.reshape(cells.size), gates.reshape(gates.size), diff.reshape(diff.size)
    tops, inner = top_diff.reshape(top_diff.size), dx.reshape(dx.size)
    for n in range(start, stop):
        copy_run(dh.reshape(dh.size), n * h, h, hidden, 0)
        copy_run(dc.reshape(dc.size), n * h, h, space, DC)
        for t in range(gates.shape[0] - 1, -1, -1):
            at, keep = t * streams + n, cont[t, n]
            copy_run(tops, at * h, h, space, TOP)
            spread(all_gates, 4 * at * h, h, space, IN, MOST)
            copy_run(all_cells, at * h, h, space, BEFORE)
            copy_run(all_cells, (at + streams) * h, h, space, CELL)
            for j in range(room):
                space[DH + uint64(j)] = space[TOP + uint64(j)] + hidden[uint64(j)]
            for j in range(room):
                q = uint64(j)
                given = space[IN + q], space[FORGET + q], space[OUT + q], space[NEW + q], keep * space[BEFORE + q]
                di, df, do, dg, d = gradients(*given, space[CELL + q], space[DH + q], space[DC + q])
                space[D_IN + q], space[D_FORGET + q], space[D_OUT + q], space[D_NEW + q] = di, df, do, dg
                space[DC + q] = keep * d
            if threshold > 0:
                for k in range(4):
                    for j in range(room):
                        q = D_IN + uint64(k * MOST + j)
                        space[q] = limited(space[q], threshold)
            gather(space, D_IN, MOST, h, diffs, 4 * at * h)
            below[:] = f32(0)
            for column in range(0, below.size, WIDTH):
                _sum_in_parts(space, D_IN, MOST, rows, h, h, column, below, column)
            scale(keep, below, hidden)
            if first == 0:
                copy_run(below, room, inputs, inner, at * inputs)
        copy_run(hidden, 0, h, dh.reshape(dh.size), n * h)
        copy_run(space, DC, h, dc.reshape(dc.size), n * h)


@summing_kernel
def lstm_rows(weight_x, weight_h, offset, cont, seen, cells, gates, top):
    """All of `lstm` where laying out the weights, or a call of the BLAS, would cost more than it gains.

    The weights are read as they lie, a row for each gate, once for each step of each stream.
    """
    inputs, h = weight_x.shape[1], weight_h.shape[1]
    for n in range(top.shape[1]):
        scale(cont[0, n], seen[0, n, inputs:], seen[0, n, inputs:])
    for t in range(top.shape[0]):
        for n in range(top.shape[1]):
            x, before, gate = seen[t, n, :inputs], seen[t, n, inputs:], gates[t, n]
            b = offset[n if offset.shape[0] > 1 else 0]
            for j in range(h):
                i, f, o, g = b[j], b[h + j], b[2 * h + j], b[3 * h + j]
                wi, wf, wo, wg = weight_x[j], weight_x[h + j], weight_x[2 * h + j], weight_x[3 * h + j]
                for k in range(inputs):
                    i += wi[k] * x[k]
                    f += wf[k] * x[k]
                    o += wo[k] * x[k]
                    g += wg[k] * x[k]
                wi, wf, wo, wg = weight_h[j], weight_h[h + j], weight_h[2 * h + j], weight_h[3 * h + j]
                for k in range(h):
                    i += wi[k] * before[k]
                    f += wf[k] * before[k]
                    o += wo[k] * before[k]
                    g += wg[k] * before[k]
                gate[j], gate[h + j], gate[2 * h + j], gate[3 * h + j] = i, f, o, g
            unit(gate, cont[t, n], cells[t, n], cells[t + 1, n], top[t, n])
            scale(keep_after(cont, t, n), top[t, n], seen[t + 1, n, inputs:])


@kernel
def rnn_step(t, start, stop, product, offset, cont, seen, hidden):
    """Step t of `rnn`; `product` (N, H) is that of the hidden values and W_h, and `hidden` holds that of the input."""
    for n in range(start, stop):
        h, p, b = hidden[t, n], product[n], offset[n if offset.shape[0] > 1 else 0]
        for j in range(h.size):
            h[j] = tanh(h[j] + p[j] + b[j])
        scale(keep_after(cont, t, n), h, seen[t + 1, n, -h.size :])


@kernel
def rnn_step_backward(t, start, stop, cont, hidden, dh, diff):
    """Step t of `rnn_backward`; `dh` is the gradient of what the step after t saw."""
    for n in range(start, stop):
        keep, h, d, later = keep_after(cont, t, n), hidden[t, n], diff[t, n], dh[n]
        for j in range(h.size):
            d[j] = (d[j] + keep * later[j]) * (f32(1) - h[j] * h[j])


@kernel
def gru_step(t, start, stop, product, bias_h, offset, cont, seen, gates, part, top):
    """Step t of `gru`; `product` (N, 3H) is that of the hidden values and W_h, and `gates` hold that of the input."""
    h = top.shape[2]
    for n in range(start, stop):
        gate, p, b, out, m = gates[t, n], product[n], offset[n if offset.shape[0] > 1 else 0], top[t, n], part[t, n]
        before, sigmoids, r, z, new = seen[t, n, -h:], gate[: 2 * h], gate[:h], gate[h : 2 * h], gate[2 * h :]
        p_new, b_new = p[2 * h :], b[2 * h :]
        for j in range(sigmoids.size):
            sigmoids[j] = sigmoid(sigmoids[j] + p[j] + b[j])
        for j in range(h):
            m[j] = p_new[j] + bias_h[j]
        for j in range(h):
            new[j] = tanh(new[j] + b_new[j] + r[j] * m[j])
        for j in range(h):
            out[j] = new[j] + z[j] * (before[j] - new[j])
        scale(keep_after(cont, t, n), out, seen[t + 1, n, -h:])


@kernel
def gru_step_backward(t, start, stop, cont, seen, gates, part, top_diff, dh, diff, diff_h):
    """Step t of `gru_backward` but for the product of `diff_h` and W_h; `dh` is as in `lstm_step_backward`."""
    h = part.shape[2]
    one = f32(1)
    for n in range(start, stop):
        gate, d, d_h, m = gates[t, n], diff[t, n], diff_h[t, n], part[t, n]
        before, r, z, new = seen[t, n, -h:], gate[:h], gate[h : 2 * h], gate[2 * h :]
        dr, dz, dn = d[:h], d[h : 2 * h], d[2 * h :]
        keep, above, below = keep_after(cont, t, n), top_diff[t, n], dh[n]
        for j in range(h):
            below[j] = above[j] + keep * below[j]
        for j in range(h):
            dz[j] = below[j] * (before[j] - new[j]) * z[j] * (one - z[j])
            dn[j] = below[j] * (one - z[j]) * (one - new[j] * new[j])
            dr[j] = dn[j] * m[j] * r[j] * (one - r[j])
            below[j] *= z[j]
        copy(d, d_h)
        scaled = d_h[2 * h :]
        for j in range(h):
            scaled[j] *= r[j]
