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

typedef REAL Real;
typedef INDEX Index;

// The thread's place among all, which may lie behind the last of `count`.
static __device__ Index place() { return (Index)blockIdx.x * blockDim.x + threadIdx.x; }


// ---- Neuron: each element by itself

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
