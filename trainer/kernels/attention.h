// Causal attention with ALiBi, forward and backward, head by head, in tiles of kQueryRows query rows: what
// is kept of the T × T scores is one tile's rows, and only up to the diagonal. Backward makes the
// probabilities again from the row maximum and 1 / sum that forward left (Dao et al. 2022, without its online
// softmax: a CPU's cache holds whole rows). Sums over queries run in ascending tiles.
#pragma once

#include "trainer/kernels/exponential.h"
#include "trainer/kernels/gemm.h"

namespace longhaul::trainer::LH_ISA {

inline constexpr int64_t kQueryRows = 64;

// Hands out 64-byte aligned pieces of a workspace; with a null start it only counts.
struct Carver {
  std::byte* start;
  int64_t used = 0;
  template <class T>
  T* take(int64_t count) {
    T* piece = start == nullptr ? nullptr : reinterpret_cast<T*>(start + used);
    used += round_up(count * static_cast<int64_t>(sizeof(T)), 64);
    return piece;
  }
};

// Working memory of one head; T rounded up to lanes is `wide`.
struct HeadBuffers {
  Bf16 *keys_by_size, *values_by_size;  // packed [D, T]: for Q Kᵀ and dO Vᵀ
  Bf16 *keys, *values;                  // packed [T, D]: for dS K and P V
  Bf16 *queries, *d_out;                // packed [tile, D]
  float *scores, *d_probabilities;      // [tile, wide]
  Bf16 *probabilities, *d_scores;       // [tile, wide]
  Bf16* transposed;                     // one of the above, packed [wide, tile]
  float *d_keys, *d_values;             // [T, D]
};

static HeadBuffers head_buffers(int64_t sequence, int64_t size, Carver& carver) {
  const int64_t wide = round_up(sequence, kLanes);
  HeadBuffers b;
  b.keys_by_size = carver.take<Bf16>(packed_b_elements(sequence, size));
  b.values_by_size = carver.take<Bf16>(packed_b_elements(sequence, size));
  b.keys = carver.take<Bf16>(packed_b_elements(size, sequence));
  b.values = carver.take<Bf16>(packed_b_elements(size, sequence));
  b.queries = carver.take<Bf16>(packed_b_elements(size, kQueryRows));
  b.d_out = carver.take<Bf16>(packed_b_elements(size, kQueryRows));
  b.scores = carver.take<float>(kQueryRows * wide);
  b.d_probabilities = carver.take<float>(kQueryRows * wide);
  b.probabilities = carver.take<Bf16>(kQueryRows * wide);
  b.d_scores = carver.take<Bf16>(kQueryRows * wide);
  b.transposed = carver.take<Bf16>(packed_a_elements(wide, kQueryRows));
  b.d_keys = carver.take<float>(sequence * size);
  b.d_values = carver.take<float>(sequence * size);
  return b;
}

static int64_t attention_workspace_bytes(int64_t sequence, int64_t head_size) {
  Carver carver{nullptr};
  head_buffers(sequence, head_size, carver);
  return carver.used;
}

// One head of one sample: where its rows are and what its rows need.
struct Head {
  int64_t sequence, size, stride, out_stride;
  float slope, scale;
  const Bf16 *q, *k, *v;
  float *row_max, *row_scale;
};
LH_INLINE Head head_of(const Attention& a, int64_t sample, int64_t head) {
  const int64_t stride = 3 * a.heads * a.head_size;
  const Bf16* q = a.qkv + sample * a.sequence * stride + head * 3 * a.head_size;
  const int64_t row = (sample * a.heads + head) * a.sequence;
  return {a.sequence,
          a.head_size,
          stride,
          a.heads * a.head_size,
          a.slopes[head],
          1.0f / __builtin_sqrtf(static_cast<float>(a.head_size)),
          q,
          q + a.head_size,
          q + 2 * a.head_size,
          a.row_max + row,
          a.row_scale + row};
}

// Scores of row t for the keys from j on, lanes beyond t at -infinity: scale * q·k + slope * (j - t).
LH_INLINE F32 biased_scores(const Head& h, const float* products, int64_t t, int64_t j) {
  const F32 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const F32 distance = lane + static_cast<float>(j - t);
  const F32 value = fma(distance, broadcast(h.slope), load(products + j) * h.scale);
  return keep_first(value, t + 1 - j, -__builtin_inff());
}

// Row t of the tile, from products to probabilities; zero beyond t up to `width`.
LH_INLINE void softmax_row(const Head& h, float* products, int64_t t, int64_t width, Bf16* probabilities) {
  F32 most = broadcast(-__builtin_inff());
  for (int64_t j = 0; j <= t; j += kLanes) {
    const F32 value = biased_scores(h, products, t, j);
    store(products + j, value);
    most = maximum(value, most);
  }
  const float row_max = maximum_lanes(most);
  F32 sum = {};
  for (int64_t j = 0; j <= t; j += kLanes) {
    const F32 value = keep_first(exponential(load(products + j) - row_max), t + 1 - j, 0.0f);
    store(products + j, value);
    sum += value;
  }
  const float row_scale = 1.0f / sum_lanes(sum);
  int64_t j = 0;
  for (; j <= t; j += kLanes) store_n(probabilities + j, load(products + j) * row_scale, kLanes);
  for (; j < width; j += kLanes) store_n(probabilities + j, F32{}, kLanes);
  h.row_max[t] = row_max;
  h.row_scale[t] = row_scale;
}

static void attention_forward(const Attention& a, std::byte* workspace) {
  Carver carver{workspace};
  const HeadBuffers b = head_buffers(a.sequence, a.head_size, carver);
  const int64_t wide = round_up(a.sequence, kLanes);
  for (int64_t sample = 0; sample < a.batch; ++sample) {
    for (int64_t index = 0; index < a.heads; ++index) {
      const Head h = head_of(a, sample, index);
      Bf16* out = a.out + sample * h.sequence * h.out_stride + index * h.size;
      pack_b(h.k, h.stride, true, h.sequence, h.size, b.keys_by_size);
      pack_b(h.v, h.stride, false, h.size, h.sequence, b.values);
      for (int64_t begin = 0; begin < h.sequence; begin += kQueryRows) {
        const int64_t rows = smaller(kQueryRows, h.sequence - begin);
        const int64_t keys = begin + rows;
        const int64_t width = round_up(keys, kLanes);
        multiply_packed(rows_of(h.q + begin * h.stride, h.stride), rows, b.keys_by_size, h.sequence, h.size,
                        width, h.size / 2, to_f32(b.scores, wide, false));
        for (int64_t r = 0; r < rows; ++r) {
          softmax_row(h, b.scores + r * wide, begin + r, width, b.probabilities + r * wide);
        }
        multiply_packed(rows_of(b.probabilities, wide), rows, b.values, h.size, h.sequence, h.size,
                        packed_pairs(keys), to_bf16_out(out + begin * h.out_stride, h.out_stride));
      }
    }
  }
}

// Row t backward: probabilities again, then dS = P * (dP - sum(dO * O)) * scale; zero beyond t.
LH_INLINE void softmax_row_backward(const Head& h, const float* products, const float* d_probabilities,
                                    const Bf16* out, const Bf16* d_out, int64_t t, int64_t width,
                                    Bf16* probabilities, Bf16* d_scores) {
  F32 dot = {};
  for (int64_t i = 0; i < h.size; i += kLanes) {
    dot = fma(load_n(out + i, h.size - i), load_n(d_out + i, h.size - i), dot);
  }
  const float mean = sum_lanes(dot);
  int64_t j = 0;
  for (; j <= t; j += kLanes) {
    const F32 value =
        keep_first(exponential(biased_scores(h, products, t, j) - h.row_max[t]), t + 1 - j, 0.0f);
    const F32 probability = value * h.row_scale[t];
    store_n(probabilities + j, probability, kLanes);
    store_n(d_scores + j, probability * (load(d_probabilities + j) - mean) * h.scale, kLanes);
  }
  for (; j < width; j += kLanes) {
    store_n(probabilities + j, F32{}, kLanes);
    store_n(d_scores + j, F32{}, kLanes);
  }
}

LH_INLINE void round_rows(const float* from, int64_t rows, int64_t columns, Bf16* to, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < columns; i += kLanes) {
      store_n(to + r * stride + i, load_n(from + r * columns + i, columns - i), columns - i);
    }
  }
}

// All query tiles of one head: dq is written, dk and dv are summed in the buffers.
LH_INLINE void head_backward(const Head& h, const HeadBuffers& b, const Bf16* out, const Bf16* d_out,
                             Bf16* d_q) {
  const int64_t wide = round_up(h.sequence, kLanes);
  for (int64_t begin = 0; begin < h.sequence; begin += kQueryRows) {
    const int64_t rows = smaller(kQueryRows, h.sequence - begin);
    const int64_t keys = begin + rows;
    const int64_t width = round_up(keys, kLanes);
    const Bf16* q = h.q + begin * h.stride;
    const Bf16* d_tile = d_out + begin * h.out_stride;
    multiply_packed(rows_of(q, h.stride), rows, b.keys_by_size, h.sequence, h.size, width, h.size / 2,
                    to_f32(b.scores, wide, false));
    multiply_packed(rows_of(d_tile, h.out_stride), rows, b.values_by_size, h.sequence, h.size, width,
                    h.size / 2, to_f32(b.d_probabilities, wide, false));
    for (int64_t r = 0; r < rows; ++r) {
      softmax_row_backward(h, b.scores + r * wide, b.d_probabilities + r * wide,
                           out + (begin + r) * h.out_stride, d_tile + r * h.out_stride, begin + r, width,
                           b.probabilities + r * wide, b.d_scores + r * wide);
    }
    multiply_packed(rows_of(b.d_scores, wide), rows, b.keys, h.size, h.sequence, h.size, packed_pairs(keys),
                    to_bf16_out(d_q + begin * h.stride, h.stride));
    pack_b(q, h.stride, false, h.size, rows, b.queries);
    pack_a(b.d_scores, wide, keys, rows, b.transposed);
    multiply_packed(packed_rows(b.transposed, rows), keys, b.queries, h.size, rows, h.size,
                    packed_pairs(rows), to_f32(b.d_keys, h.size, true));
    pack_b(d_tile, h.out_stride, false, h.size, rows, b.d_out);
    pack_a(b.probabilities, wide, keys, rows, b.transposed);
    multiply_packed(packed_rows(b.transposed, rows), keys, b.d_out, h.size, rows, h.size, packed_pairs(rows),
                    to_f32(b.d_values, h.size, true));
  }
}

static void attention_backward(const Attention& a, std::byte* workspace) {
  Carver carver{workspace};
  const HeadBuffers b = head_buffers(a.sequence, a.head_size, carver);
  for (int64_t sample = 0; sample < a.batch; ++sample) {
    for (int64_t index = 0; index < a.heads; ++index) {
      const Head h = head_of(a, sample, index);
      const int64_t out = sample * h.sequence * h.out_stride + index * h.size;
      Bf16* d_q = a.d_qkv + (h.q - a.qkv);
      pack_b(h.k, h.stride, true, h.sequence, h.size, b.keys_by_size);
      pack_b(h.v, h.stride, true, h.sequence, h.size, b.values_by_size);
      pack_b(h.k, h.stride, false, h.size, h.sequence, b.keys);
      std::memset(b.d_keys, 0, static_cast<size_t>(h.sequence * h.size) * sizeof(float));
      std::memset(b.d_values, 0, static_cast<size_t>(h.sequence * h.size) * sizeof(float));
      head_backward(h, b, a.out + out, a.d_out + out, d_q);
      round_rows(b.d_keys, h.sequence, h.size, d_q + h.size, h.stride);
      round_rows(b.d_values, h.sequence, h.size, d_q + 2 * h.size, h.stride);
    }
  }
}

}  // namespace longhaul::trainer::LH_ISA
