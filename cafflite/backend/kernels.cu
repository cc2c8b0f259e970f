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
// the first of them adds all, in order.
extern "C" __global__ void add_to_rows(Index count, const Real* rows, const long long* index, const long long* order,
                                       Index number, Index width, Real* table) {
  const Index i = place(), k = i % width;
  if (i >= count) return;
  Index n = i / width;
  const long long v = index[n];
  if (n > 0 && index[n - 1] == v) return;
  Real total = table[v * width + k];
  for (; n < number && index[n] == v; ++n) total += rows[order[n] * width + k];
  table[v * width + k] = total;
}
