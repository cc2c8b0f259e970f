// The kernels of cupy_*.py, in sections named like those files. cupy_kernels.py compiles this file for float or double,
// and with indices of 32 or 64 bits, and launches its kernels by name.
//
// Every kernel takes first the number of its threads, or of its blocks. Each value is made by one thread, which gathers
// what it is made of, or by one block, which adds in a fixed order: no result depends on which thread comes first.
// Arrays lie in order, without gaps. `out` may be the first array, unless a kernel says otherwise.

#ifndef REAL
#define REAL float
#endif
#ifndef INDEX
#define INDEX int
#endif
#ifndef THREADS  // of a block: a power of two
#define THREADS 256
#endif

typedef REAL Real;
typedef INDEX Index;

// The thread's place among all, which may lie behind the last of `count`.
static __device__ Index place() { return (Index)blockIdx.x * THREADS + threadIdx.x; }

static __device__ Real sigmoid_of(Real x) { return Real(0.5) * tanh(Real(0.5) * x) + Real(0.5); }

// The sum over all threads of a block, for each of them: always in the same order, whichever thread comes first.
static __device__ double sum_of_block(double value) {
  __shared__ double parts[THREADS];
  __syncthreads();  // all have read the sum before
  parts[threadIdx.x] = value;
  for (unsigned half = THREADS / 2; half; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) parts[threadIdx.x] += parts[threadIdx.x + half];
  }
  __syncthreads();
  return parts[0];
}


// ---- Neuron: each element by itself

extern "C" __global__ void relu(Index count, const Real* x, Real slope, Real* out) {
  const Index i = place();
  if (i < count) out[i] = x[i] > 0 ? x[i] : slope * x[i];
}

extern "C" __global__ void relu_backward(Index count, const Real* dy, const Real* x, Real slope, Real* out) {
  const Index i = place();
  if (i < count) out[i] = x[i] > 0 ? dy[i] : slope * dy[i];
}

extern "C" __global__ void elu(Index count, const Real* x, Real alpha, Real* out) {
  const Index i = place();
  if (i < count) out[i] = x[i] > 0 ? x[i] : alpha * (exp(x[i]) - 1);
}

extern "C" __global__ void elu_backward(Index count, const Real* dy, const Real* x, const Real* y, Real alpha,
                                        Real* out) {
  const Index i = place();
  if (i < count) out[i] = x[i] > 0 ? dy[i] : (y[i] + alpha) * dy[i];
}

extern "C" __global__ void tanh_backward(Index count, const Real* dy, const Real* y, Real* out) {
  const Index i = place();
  if (i < count) out[i] = dy[i] * (1 - y[i] * y[i]);
}

extern "C" __global__ void sigmoid(Index count, const Real* x, Real* out) {
  const Index i = place();
  if (i < count) out[i] = sigmoid_of(x[i]);
}

extern "C" __global__ void sigmoid_backward(Index count, const Real* dy, const Real* y, Real* out) {
  const Index i = place();
  if (i < count) out[i] = dy[i] * (y[i] * (1 - y[i]));
}

// An element is kept where the hash of its place (C. Wellons' triple32, as in ops_neuron.py) reaches `limit`.
extern "C" __global__ void dropout(Index count, const Real* x, unsigned limit, Real scale, unsigned first,
                                   unsigned second, Real* out) {
  const Index i = place();
  if (i >= count) return;
  unsigned bits = (unsigned)i ^ first;
  bits = (bits ^ (bits >> 17)) * 0xED5AD4BBu;
  bits = ((bits ^ (bits >> 11)) + second) * 0xAC4C1B51u;
  bits = (bits ^ (bits >> 15)) * 0x31848BABu;
  out[i] = bits >= limit ? x[i] * scale : Real(0);
}


// ---- Softmax: over the middle one of three axes (outer, C, inner)
//
// A row is the C values of one place. It is the work of `lanes` threads side by side: of one, or of all 32 of a warp.

static __device__ Real max_of_lanes(Real value, int lanes) {
  for (int step = lanes / 2; step; step /= 2) value = max(value, __shfl_xor_sync(0xFFFFFFFFu, value, step));
  return value;
}

static __device__ Real sum_of_lanes(Real value, int lanes) {
  for (int step = lanes / 2; step; step /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, step);
  return value;
}

// Where a row begins; its values are `inner` apart.
static __device__ Index start_of_row(Index row, Index classes, Index inner) {
  return row / inner * classes * inner + row % inner;
}

extern "C" __global__ void softmax(Index count, const Real* x, Index classes, Index inner, Index lanes, Real* out) {
  if (place() >= count) return;
  const Index first = start_of_row(place() / lanes, classes, inner), lane = place() % lanes;
  Real largest = x[first];
  for (Index c = lane; c < classes; c += lanes) largest = max(largest, x[first + c * inner]);
  largest = max_of_lanes(largest, lanes);
  Real total = 0;
  for (Index c = lane; c < classes; c += lanes) {
    const Real e = exp(x[first + c * inner] - largest);
    out[first + c * inner] = e;
    total += e;
  }
  total = sum_of_lanes(total, lanes);
  for (Index c = lane; c < classes; c += lanes) out[first + c * inner] /= total;
}

extern "C" __global__ void softmax_backward(Index count, const Real* dy, const Real* y, Index classes, Index inner,
                                            Index lanes, Real* out) {
  if (place() >= count) return;
  const Index first = start_of_row(place() / lanes, classes, inner), lane = place() % lanes;
  Real total = 0;
  for (Index c = lane; c < classes; c += lanes) total += dy[first + c * inner] * y[first + c * inner];
  total = sum_of_lanes(total, lanes);
  for (Index c = lane; c < classes; c += lanes) {
    const Index i = first + c * inner;
    out[i] = y[i] * (dy[i] - total);
  }
}

// One block: sums[0] is the sum of -log prob[label] over the labels that count, sums[1] how many labels those are.
extern "C" __global__ void label_losses(Index count, const Real* prob, const Real* label, Index rows, Index classes,
                                        Index inner, Index has_ignored, Index ignored, Real least, Real* sums) {
  double total = 0, kept = 0;
  for (Index row = threadIdx.x; row < rows; row += THREADS) {
    const Index chosen = (Index)label[row];
    if (has_ignored && chosen == ignored) continue;
    if (chosen < 0 || chosen >= classes) continue;  // told later, by `require`
    const Real p = prob[start_of_row(row, classes, inner) + chosen * inner];
    total -= log(p < least ? least : p);  // NaN stays NaN
    kept += 1;
  }
  total = sum_of_block(total);
  kept = sum_of_block(kept);
  if (threadIdx.x > 0) return;
  sums[0] = total;
  sums[1] = kept;
}

extern "C" __global__ void softmax_loss_backward(Index count, const Real* prob, const Real* label, const Real* scale,
                                                 Index classes, Index inner, Index has_ignored, Index ignored,
                                                 Real* out) {
  const Index i = place();
  if (i >= count) return;
  const Index c = i / inner % classes, chosen = (Index)label[i / (classes * inner) * inner + i % inner];
  const Real part = prob[i] * scale[0];
  out[i] = has_ignored && chosen == ignored ? Real(0) : c == chosen ? part - scale[0] : part;
}


// ---- Channels: arrays (N, C, S), with a value for each channel; S is `length`

extern "C" __global__ void channel_affine(Index count, const Real* x, const Real* scale, const Real* bias,
                                          Index channels, Index length, Real* out) {
  const Index i = place(), c = i / length % channels;
  if (i < count) out[i] = scale[c] * x[i] + (bias ? bias[c] : Real(0));
}

extern "C" __global__ void channel_normalize(Index count, const Real* x, const Real* mean, const Real* inverse,
                                             Index channels, Index length, Real* out) {
  const Index i = place(), c = i / length % channels;
  if (i < count) out[i] = inverse[c] * (x[i] - mean[c]);
}

extern "C" __global__ void prelu(Index count, const Real* x, const Real* slope, Index channels, Index length,
                                 Real* out) {
  const Index i = place(), c = i / length % channels;
  if (i < count) out[i] = x[i] > 0 ? x[i] : slope[c] * x[i];
}

extern "C" __global__ void prelu_backward(Index count, const Real* dy, const Real* x, const Real* slope,
                                          Index channels, Index length, Real* out) {
  const Index i = place(), c = i / length % channels;
  if (i < count) out[i] = x[i] > 0 ? dy[i] : slope[c] * dy[i];
}

// From here on a block does one channel, its threads taking turns at its `each` = N S values.

// Where value `j` of channel `c` lies.
static __device__ Index in_channel(Index j, Index c, Index channels, Index length) {
  return (j / length * channels + c) * length + j % length;
}

extern "C" __global__ void add_channel_sum(Index channels, const Real* x, Index each, Index length, Real* out) {
  const Index c = blockIdx.x;
  double total = 0;
  for (Index j = threadIdx.x; j < each; j += THREADS) total += x[in_channel(j, c, channels, length)];
  total = sum_of_block(total);
  if (threadIdx.x == 0) out[c] += total;
}

extern "C" __global__ void add_channel_dot(Index channels, const Real* a, const Real* b, Index each, Index length,
                                           Real* out) {
  const Index c = blockIdx.x;
  double total = 0;
  for (Index j = threadIdx.x; j < each; j += THREADS) {
    const Index i = in_channel(j, c, channels, length);
    total += a[i] * b[i];
  }
  total = sum_of_block(total);
  if (threadIdx.x == 0) out[c] += total;
}

extern "C" __global__ void channel_moments(Index channels, const Real* x, Index each, Index length, Real* mean,
                                           Real* variance) {
  const Index c = blockIdx.x;
  double total = 0;
  for (Index j = threadIdx.x; j < each; j += THREADS) total += x[in_channel(j, c, channels, length)];
  const Real center = sum_of_block(total) / each;
  total = 0;
  for (Index j = threadIdx.x; j < each; j += THREADS) {
    const Real away = x[in_channel(j, c, channels, length)] - center;
    total += away * away;
  }
  total = sum_of_block(total);
  if (threadIdx.x > 0) return;
  mean[c] = center;
  variance[c] = total / each;
}

extern "C" __global__ void channel_normalize_backward(Index channels, const Real* dy, const Real* y,
                                                      const Real* inverse, Index each, Index length, Real* out) {
  const Index c = blockIdx.x;
  double total = 0, total_along = 0;
  for (Index j = threadIdx.x; j < each; j += THREADS) {
    const Index i = in_channel(j, c, channels, length);
    total += dy[i];
    total_along += y[i] * dy[i];
  }
  const Real mean = sum_of_block(total) / each, along = sum_of_block(total_along) / each;
  for (Index j = threadIdx.x; j < each; j += THREADS) {
    const Index i = in_channel(j, c, channels, length);
    out[i] = inverse[c] * (dy[i] - mean - y[i] * along);
  }
}


// ---- Ops: rows of a table

// table[v] += rows[order[n]] for all n whose index is v. `index` is sorted, so these follow one another: the thread of
// the first of them adds all, in order. An index that is out of range adds nothing: it is told later, by `require`.
extern "C" __global__ void add_to_rows(Index count, const Real* rows, const long long* index, const long long* order,
                                       Index number, Index width, Real* table, Index height) {
  const Index i = place(), k = i % width;
  if (i >= count) return;
  Index n = i / width;
  const long long v = index[n];
  if (v < 0 || v >= height || (n > 0 && index[n - 1] == v)) return;
  Real total = table[v * width + k];
  for (; n < number && index[n] == v; ++n) total += rows[order[n] * width + k];
  table[v * width + k] = total;
}


// ---- Spatial: columns, poolings, normalisation of neighbours

// What slides over x (N, C, I...), as in window.py, with three axes: those that are not there have one value.
struct Window {  // as WINDOW in cupy_spatial.py
  int size[3], positions[3], kernel[3], stride[3], pad[3], dilation[3];
};

// The place along one of the axes that `rest` runs through, and to `rest` what it leaves for the axes before.
static __device__ int along(Index& rest, int size) {
  const int at = rest % size;
  rest /= size;
  return at;
}

// out = what each tap sees of x at each position, and 0 beyond the edge of x. The rows of out, each the positions of an
// image, begin `image_step` apart from one image to the next, and `tap_step` from a tap of a channel to the next one.
extern "C" __global__ void im2col(Index count, const Real* x, Window w, Index channels, Index tap_step,
                                  Index image_step, Real* out) {
  Index rest = place();
  if (rest >= count) return;
  int position[3], tap[3];
  for (int a = 2; a >= 0; --a) position[a] = along(rest, w.positions[a]);
  for (int a = 2; a >= 0; --a) tap[a] = along(rest, w.kernel[a]);
  Index from = rest, row = rest % channels, to = 0;  // rest runs through images and channels
  bool inside = true;
  for (int a = 0; a < 3; ++a) {
    const int at = position[a] * w.stride[a] - w.pad[a] + tap[a] * w.dilation[a];
    inside = inside && at >= 0 && at < w.size[a];
    from = from * w.size[a] + at;
    row = row * w.kernel[a] + tap[a];
    to = to * w.positions[a] + position[a];
  }
  out[rest / channels * image_step + row * tap_step + to] = inside ? x[from] : Real(0);
}

// The gradient of im2col: out (N, C, I...) = of each value the sum over the columns that show it.
extern "C" __global__ void col2im(Index count, const Real* columns, Window w, Index channels, Index tap_step,
                                  Index image_step, Real* out) {
  Index rest = place();
  if (rest >= count) return;
  int at[3], tap[3];
  for (int a = 2; a >= 0; --a) at[a] = along(rest, w.size[a]);
  const Real* of_image = columns + rest / channels * image_step;
  Real total = 0;
  for (tap[0] = 0; tap[0] < w.kernel[0]; ++tap[0])
    for (tap[1] = 0; tap[1] < w.kernel[1]; ++tap[1])
      for (tap[2] = 0; tap[2] < w.kernel[2]; ++tap[2]) {
        Index row = rest % channels, from = 0;
        bool shows = true;
        for (int a = 0; a < 3; ++a) {
          const int begin = at[a] + w.pad[a] - tap[a] * w.dilation[a], position = begin / w.stride[a];
          shows = shows && begin >= 0 && begin % w.stride[a] == 0 && position < w.positions[a];
          row = row * w.kernel[a] + tap[a];
          from = from * w.positions[a] + position;
        }
        if (shows) total += of_image[row * tap_step + from];
      }
  out[place()] = total;
}

// A pooling has planes (H, W): of the three axes of its window only the last two. Along one of them:
struct Span {
  int begin, end;
};

// What position `o` of the window sees of x: as far as the padding reaches where that counts, else as x does.
static __device__ Span seen(Window w, int axis, int o, bool padding) {
  const int begin = o * w.stride[axis] - w.pad[axis];
  if (padding) return {begin, min(begin + w.kernel[axis], w.size[axis] + w.pad[axis])};
  return {max(begin, 0), min(begin + w.kernel[axis], w.size[axis])};
}

// The positions of the window from which the place `at` is seen.
static __device__ Span seeing(Window w, int axis, int at) {
  const int behind = at + w.pad[axis] - w.kernel[axis];
  return {behind < 0 ? 0 : behind / w.stride[axis] + 1, min((at + w.pad[axis]) / w.stride[axis] + 1, w.positions[axis])};
}

// How many values position (h, w) averages: the padding counts, what is beyond it does not.
static __device__ Real pool_size(Window window, int h, int w) {
  const Span rows = seen(window, 1, h, true), columns = seen(window, 2, w, true);
  return (Real)(rows.end - rows.begin) * (columns.end - columns.begin);
}

extern "C" __global__ void max_pool(Index count, const Real* x, Window window, Real lowest, Real* out, int* mask) {
  Index plane = place();
  if (plane >= count) return;
  const int ow = along(plane, window.positions[2]), oh = along(plane, window.positions[1]);
  const Span rows = seen(window, 1, oh, false), columns = seen(window, 2, ow, false);
  const Real* values = x + plane * window.size[1] * window.size[2];
  Real best = lowest;
  int chosen = -1;
  for (int h = rows.begin; h < rows.end; ++h)
    for (int w = columns.begin; w < columns.end; ++w) {
      const int at = h * window.size[2] + w;
      if (values[at] > best) {
        best = values[at];
        chosen = at;
      }
    }
  out[place()] = best;
  mask[place()] = chosen;
}

// Also that of stochastic_pool.
extern "C" __global__ void max_pool_backward(Index count, const Real* out_diff, const int* mask, Window window,
                                             Real* x_diff) {
  Index plane = place();
  if (plane >= count) return;
  const int w = along(plane, window.size[2]), h = along(plane, window.size[1]);
  const Span rows = seeing(window, 1, h), columns = seeing(window, 2, w);
  Real total = 0;
  for (int oh = rows.begin; oh < rows.end; ++oh)
    for (int ow = columns.begin; ow < columns.end; ++ow) {
      const Index o = (plane * window.positions[1] + oh) * window.positions[2] + ow;
      if (mask[o] == h * window.size[2] + w) total += out_diff[o];
    }
  x_diff[place()] = total;
}

extern "C" __global__ void average_pool(Index count, const Real* x, Window window, Real* out) {
  Index plane = place();
  if (plane >= count) return;
  const int ow = along(plane, window.positions[2]), oh = along(plane, window.positions[1]);
  const Span rows = seen(window, 1, oh, false), columns = seen(window, 2, ow, false);
  const Real* values = x + plane * window.size[1] * window.size[2];
  Real total = 0;
  for (int h = rows.begin; h < rows.end; ++h)
    for (int w = columns.begin; w < columns.end; ++w) total += values[h * window.size[2] + w];
  out[place()] = total / pool_size(window, oh, ow);
}

extern "C" __global__ void average_pool_backward(Index count, const Real* out_diff, Window window, Real* x_diff) {
  Index plane = place();
  if (plane >= count) return;
  const int w = along(plane, window.size[2]), h = along(plane, window.size[1]);
  const Span rows = seeing(window, 1, h), columns = seeing(window, 2, w);
  Real total = 0;
  for (int oh = rows.begin; oh < rows.end; ++oh)
    for (int ow = columns.begin; ow < columns.end; ++ow)
      total += out_diff[(plane * window.positions[1] + oh) * window.positions[2] + ow] / pool_size(window, oh, ow);
  x_diff[place()] = total;
}

// Chooses the first value up to which the running sum reaches the share `random` of the whole sum.
extern "C" __global__ void stochastic_pool(Index count, const Real* x, const Real* random, Window window, Real* out,
                                           int* mask) {
  Index plane = place();
  if (plane >= count) return;
  const int ow = along(plane, window.positions[2]), oh = along(plane, window.positions[1]);
  const Span rows = seen(window, 1, oh, false), columns = seen(window, 2, ow, false);
  const Real* values = x + plane * window.size[1] * window.size[2];
  Real total = 0, running = 0, found = 0;
  for (int h = rows.begin; h < rows.end; ++h)
    for (int w = columns.begin; w < columns.end; ++w) total += values[h * window.size[2] + w];
  const Real share = random[place()] * total;
  int chosen = -1;
  for (int h = rows.begin; h < rows.end && chosen < 0; ++h)
    for (int w = columns.begin; w < columns.end && chosen < 0; ++w) {
      found = values[h * window.size[2] + w];
      running += found;
      if (running >= share) chosen = h * window.size[2] + w;
    }
  out[place()] = chosen < 0 ? Real(0) : found;
  mask[place()] = chosen;
}

// The neighbours of a value in (C, H, W): those at most `reach` away along each axis.
struct Neighbours {  // as NEIGHBOURS in cupy_spatial.py
  int size[3], reach[3];
};

// The sum over all neighbours of the value i: of the values or of their squares.
static __device__ Real sum_of_neighbours(Index i, Neighbours near, const Real* values, bool squared) {
  Index image = i;
  Span spans[3];
  for (int axis = 2; axis >= 0; --axis) {
    const int at = along(image, near.size[axis]);
    spans[axis] = {max(at - near.reach[axis], 0), min(at + near.reach[axis] + 1, near.size[axis])};
  }
  Real total = 0;
  for (int c = spans[0].begin; c < spans[0].end; ++c)
    for (int h = spans[1].begin; h < spans[1].end; ++h)
      for (int w = spans[2].begin; w < spans[2].end; ++w) {
        const Real value = values[((image * near.size[0] + c) * near.size[1] + h) * near.size[2] + w];
        total += squared ? value * value : value;
      }
  return total;
}

extern "C" __global__ void lrn_scale(Index count, const Real* x, Neighbours near, Real weight, Real k, Real* scale) {
  const Index i = place();
  if (i < count) scale[i] = k + weight * sum_of_neighbours(i, near, x, true);
}

extern "C" __global__ void lrn(Index count, const Real* x, const Real* scale, Real beta, Real* out) {
  const Index i = place();
  if (i < count) out[i] = x[i] * pow(scale[i], -beta);
}

// ratio = out_diff out / scale
extern "C" __global__ void lrn_backward(Index count, const Real* x, Neighbours near, Real weight, Real beta,
                                        const Real* scale, const Real* ratio, const Real* out_diff, Real* x_diff) {
  const Index i = place();
  if (i >= count) return;
  x_diff[i] = out_diff[i] * pow(scale[i], -beta) - weight * x[i] * sum_of_neighbours(i, near, ratio, false);
}

// Numbers of 0..1 as NumPy's generator Philox draws them with the key (low, high) and the counter (0, 0, 0, step): each
// block of four 64-bit words comes from its number alone, so every thread makes its own and takes half a word.
// Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011.
extern "C" __global__ void uniform(Index count, unsigned long long low, unsigned long long high,
                                   unsigned long long step, Real* out) {
  typedef unsigned long long Word;
  const Index i = place();
  if (i >= count) return;
  Word words[4] = {(Word)i / 8 + 1, 0, 0, step};
  for (int round = 0; round < 10; ++round) {
    const Word left = 0xD2E7470EE14C6C93u * words[0], right = 0xCA5A826395121157u * words[2];
    const Word left_high = __umul64hi(0xD2E7470EE14C6C93u, words[0]);
    const Word right_high = __umul64hi(0xCA5A826395121157u, words[2]);
    words[0] = right_high ^ words[1] ^ low;
    words[1] = right;
    words[2] = left_high ^ words[3] ^ high;
    words[3] = left;
    low += 0x9E3779B97F4A7C15u;
    high += 0xBB67AE8584CAA73Bu;
  }
  const Index half = i % 8;
  const unsigned bits = (unsigned)(words[half / 2] >> (half % 2 * 32));
  out[i] = (bits >> 8) * (Real(1) / 16777216);
}


// ---- Recurrent: one time step of N streams with H hidden values each, `h` here; a product with W_h is there already
//
// A thread does one hidden value of one stream. `offset` holds one row for all streams or one for each; where it is
// null there is none. `next` says which streams go on into the step behind this one; where it is null all do.
//
// `seen` holds what the step behind this one works on, rows of `width` values that end with the hidden ones.

static __device__ Real kept(const Real* next, Index stream) { return next ? next[stream] : Real(1); }

extern "C" __global__ void lstm_unit(Index count, Real* gates, const Real* offset, Index offset_rows, const Real* cont,
                                     const Real* before, Index h, Real* cell, Real* top, const Real* next, Index width,
                                     Real* seen) {
  const Index i = place(), n = i / h, j = i % h;
  if (i >= count) return;
  Real* gate = gates + n * 4 * h + j;
  Real in[4];
  for (int k = 0; k < 4; ++k) {
    in[k] = gate[k * h];
    if (offset) in[k] += offset[(offset_rows == 1 ? 0 : n * 4 * h) + k * h + j];
  }
  const Real input = sigmoid_of(in[0]), forget = sigmoid_of(in[1]), output = sigmoid_of(in[2]), fresh = tanh(in[3]);
  gate[0] = input;
  gate[h] = forget;
  gate[2 * h] = output;
  gate[3 * h] = fresh;
  const Real c = forget * (cont[n] * before[i]) + input * fresh;
  cell[i] = c;
  top[i] = output * tanh(c);
  if (seen) seen[n * width + width - h + j] = kept(next, n) * top[i];
}

// `dh` is the gradient that comes from the step behind; `top_diff`, where there is one, is added to it.
extern "C" __global__ void lstm_unit_backward(Index count, const Real* gates, const Real* cont, const Real* before,
                                              const Real* cell, Index h, const Real* top_diff, const Real* next,
                                              const Real* dh, Real threshold, Real* dc, Real* diff) {
  const Index i = place(), n = i / h, j = i % h;
  if (i >= count) return;
  const Real* gate = gates + n * 4 * h + j;
  const Real input = gate[0], forget = gate[h], output = gate[2 * h], fresh = gate[3 * h], squashed = tanh(cell[i]);
  const Real d_top = kept(next, n) * dh[i] + (top_diff ? top_diff[i] : Real(0));
  const Real d = dc[i] + d_top * output * (1 - squashed * squashed);
  Real out[4] = {d * fresh * input * (1 - input), d * (cont[n] * before[i]) * forget * (1 - forget),
                 d_top * squashed * output * (1 - output), d * input * (1 - fresh * fresh)};
  for (int k = 0; k < 4; ++k) {
    if (threshold > 0) out[k] = out[k] > threshold ? threshold : out[k] < -threshold ? -threshold : out[k];
    diff[n * 4 * h + k * h + j] = out[k];
  }
  dc[i] = cont[n] * forget * d;
}

extern "C" __global__ void rnn_step(Index count, const Real* offset, Index offset_rows, Index h, Real* hidden,
                                    const Real* next, Index width, Real* seen) {
  const Index i = place(), n = i / h, j = i % h;
  if (i >= count) return;
  hidden[i] = tanh(hidden[i] + offset[(offset_rows == 1 ? 0 : n * h) + j]);
  seen[n * width + width - h + j] = kept(next, n) * hidden[i];
}

extern "C" __global__ void rnn_step_backward(Index count, const Real* hidden, const Real* next, Index h, const Real* dh,
                                             Real* diff) {
  const Index i = place();
  if (i < count) diff[i] = (diff[i] + kept(next, i / h) * dh[i]) * (1 - hidden[i] * hidden[i]);
}

// `gates` holds the products with W_x, `product` those with W_h.
extern "C" __global__ void gru_step(Index count, const Real* product, const Real* bias, const Real* offset,
                                    Index offset_rows, const Real* before, Index h, Real* gates, Real* part, Real* top,
                                    const Real* next, Index width, Real* seen) {
  const Index i = place(), n = i / h, j = i % h, first = n * 3 * h + j;
  if (i >= count) return;
  const Real* add = offset + (offset_rows == 1 ? 0 : n * 3 * h) + j;
  const Real reset = sigmoid_of(gates[first] + add[0] + product[first]);
  const Real update = sigmoid_of(gates[first + h] + add[h] + product[first + h]);
  part[i] = product[first + 2 * h] + bias[j];
  const Real fresh = tanh(gates[first + 2 * h] + add[2 * h] + reset * part[i]);
  gates[first] = reset;
  gates[first + h] = update;
  gates[first + 2 * h] = fresh;
  const Index hidden = n * width + width - h + j;
  top[i] = (1 - update) * fresh + update * before[hidden];
  seen[hidden] = kept(next, n) * top[i];
}

// Leaves in `dh` what goes past W_h; the gradient through W_h comes on top of it.
extern "C" __global__ void gru_step_backward(Index count, const Real* before, Index width, const Real* gates,
                                             const Real* part, Index h, const Real* top_diff, const Real* next,
                                             Real* dh, Real* diff, Real* diff_h) {
  const Index i = place(), n = i / h, j = i % h, first = n * 3 * h + j;
  if (i >= count) return;
  const Real reset = gates[first], update = gates[first + h], fresh = gates[first + 2 * h];
  const Real d = kept(next, n) * dh[i] + top_diff[i];
  const Real d_update = d * (before[n * width + width - h + j] - fresh) * update * (1 - update);
  const Real d_fresh = d * (1 - update) * (1 - fresh * fresh);
  const Real d_reset = d_fresh * part[i] * reset * (1 - reset);
  diff[first] = diff_h[first] = d_reset;
  diff[first + h] = diff_h[first + h] = d_update;
  diff[first + 2 * h] = d_fresh;
  diff_h[first + 2 * h] = d_fresh * reset;
  dh[i] = d * update;
}


// ---- Update: the rules of the solvers, each over flat arrays; `diff` holds the gradient and then the update

// `scale` times `factor`, where that is not null, is what the gradient is multiplied by before the weight decay.
static __device__ Real gradient(Index i, const Real* data, const Real* diff, const Real* factor, Real scale, Real l1,
                                Real l2) {
  const Real w = data[i];
  return (factor ? factor[0] * scale : scale) * diff[i] + l2 * w + l1 * ((w > 0) - (w < 0));
}

static __device__ void subtract(Index i, Real* data, Real* diff, Real update) {
  diff[i] = update;
  data[i] -= update;
}

extern "C" __global__ void sgd(Index count, Real* data, Real* diff, Real* history, const Real* factor, Real scale,
                               Real l1, Real l2, Real rate, Real momentum) {
  const Index i = place();
  if (i >= count) return;
  history[i] = momentum * history[i] + rate * gradient(i, data, diff, factor, scale, l1, l2);
  subtract(i, data, diff, history[i]);
}

extern "C" __global__ void nesterov(Index count, Real* data, Real* diff, Real* history, const Real* factor, Real scale,
                                    Real l1, Real l2, Real rate, Real momentum) {
  const Index i = place();
  if (i >= count) return;
  const Real before = history[i];
  history[i] = momentum * before + rate * gradient(i, data, diff, factor, scale, l1, l2);
  subtract(i, data, diff, (1 + momentum) * history[i] - momentum * before);
}

extern "C" __global__ void adagrad(Index count, Real* data, Real* diff, Real* history, const Real* factor, Real scale,
                                   Real l1, Real l2, Real rate, Real delta) {
  const Index i = place();
  if (i >= count) return;
  const Real g = gradient(i, data, diff, factor, scale, l1, l2);
  history[i] += g * g;
  subtract(i, data, diff, rate * g / (sqrt(history[i]) + delta));
}

extern "C" __global__ void rmsprop(Index count, Real* data, Real* diff, Real* history, const Real* factor, Real scale,
                                   Real l1, Real l2, Real rate, Real decay, Real delta) {
  const Index i = place();
  if (i >= count) return;
  const Real g = gradient(i, data, diff, factor, scale, l1, l2);
  history[i] = decay * history[i] + (1 - decay) * g * g;
  subtract(i, data, diff, rate * g / (sqrt(history[i]) + delta));
}

extern "C" __global__ void adadelta(Index count, Real* data, Real* diff, Real* gradients, Real* updates,
                                    const Real* factor, Real scale, Real l1, Real l2, Real rate, Real decay,
                                    Real delta) {
  const Index i = place();
  if (i >= count) return;
  const Real g = gradient(i, data, diff, factor, scale, l1, l2);
  gradients[i] = decay * gradients[i] + (1 - decay) * g * g;
  const Real u = g * sqrt((updates[i] + delta) / (gradients[i] + delta));
  updates[i] = decay * updates[i] + (1 - decay) * u * u;
  subtract(i, data, diff, rate * u);
}

extern "C" __global__ void adam(Index count, Real* data, Real* diff, Real* mean, Real* square, const Real* factor,
                                Real scale, Real l1, Real l2, Real rate, Real beta1, Real beta2, Real delta) {
  const Index i = place();
  if (i >= count) return;
  const Real g = gradient(i, data, diff, factor, scale, l1, l2);
  mean[i] = beta1 * mean[i] + (1 - beta1) * g;
  square[i] = beta2 * square[i] + (1 - beta2) * g * g;
  subtract(i, data, diff, rate * mean[i] / (sqrt(square[i]) + delta));
}

// Each block adds up the squares of its share of x (size), so that the blocks' sums are few enough for one block.
extern "C" __global__ void squares(Index blocks, const Real* x, Index size, Real* sums) {
  double total = 0;
  for (long long i = place(); i < size; i += (long long)blocks * THREADS) total += (double)x[i] * x[i];
  total = sum_of_block(total);
  if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

// One block: out[0] is the root of the sums' sum, out[1] what brings it down to `most`, 1 where it is not above.
extern "C" __global__ void clipping(Index count, const Real* sums, Index blocks, Real most, Real* out) {
  double total = 0;
  for (Index i = threadIdx.x; i < blocks; i += THREADS) total += sums[i];
  total = sum_of_block(total);
  if (threadIdx.x > 0) return;
  const Real norm = sqrt(total);
  out[0] = norm;
  out[1] = norm > most ? most / norm : Real(1);
}
