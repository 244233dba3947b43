// Matrix product of bf16 into f32 (kernels.h, struct Gemm).
//
// C is cut into tiles of kTileRows × kPanelColumns that stay in registers while k runs; a panel of B is
// packed once, stays in the second-level cache and meets all rows of A. One element of C is always the same
// chain of dot_pairs over ascending k, whatever the tile, the panel or the block of k: the bits depend on
// nothing else.
#pragma once

#include <cstddef>

#include "trainer/kernels/kernels.h"
#include "trainer/kernels/pack.h"

namespace longhaul::trainer::LH_ISA {

inline constexpr int64_t kBlockK = 512;  // of a transposed A: 512 × 48 of B and the tile of A fit the caches

// A as the tile reads it: pair (m, k / 2) is at panel(m) + k / 2 * pair_stride.
struct TileA {
  const Bf16* data;
  int64_t row_stride;    // between rows inside a tile
  int64_t pair_stride;   // between pairs of k
  int64_t panel_stride;  // between tiles of kTileRows rows
  const Bf16* at(int64_t m) const { return data + m / kTileRows * panel_stride + m % kTileRows * row_stride; }
};
LH_INLINE TileA rows_of(const Bf16* a, int64_t stride) { return {a, stride, 2, stride * kTileRows}; }
LH_INLINE TileA packed_rows(const Bf16* packed, int64_t k) {
  return {packed, 2, 2 * kTileRows, 2 * packed_pairs(k) * kTileRows};
}

// Where C goes: the output half of Gemm.
struct TileC {
  float* f32;
  bool accumulate;
  Bf16* bf16;
  int64_t stride;
  const Bf16* bias;
  const Bf16* residual;
  int64_t residual_stride;
};
LH_INLINE TileC to_f32(float* out, int64_t stride, bool accumulate) {
  return {out, accumulate, nullptr, stride, nullptr, nullptr, 0};
}
LH_INLINE TileC to_bf16_out(Bf16* out, int64_t stride) {
  return {nullptr, false, out, stride, nullptr, nullptr, 0};
}

template <int Rows, int Vectors>
LH_INLINE void multiply_tile(int64_t pairs, const Bf16* a, int64_t row_stride, int64_t pair_stride,
                             const Bf16* b, int64_t b_width, F32 (&acc)[Rows][Vectors]) {
  for (int64_t pair = 0; pair < pairs; ++pair) {
    U32 column[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) std::memcpy(&column[v], b + v * 2 * kLanes, sizeof column[v]);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      uint32_t bits;
      std::memcpy(&bits, a + r * row_stride, sizeof bits);
      const U32 row = U32{} + bits;
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) acc[r][v] = dot_pairs(acc[r][v], row, column[v]);
    }
    a += pair_stride;
    b += 2 * b_width;
  }
}

template <int Rows, int Vectors>
LH_INLINE void store_tile(const TileC& c, int64_t m, int64_t n, int64_t n_end, F32 (&acc)[Rows][Vectors]) {
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) {
    const int64_t column = n + v * kLanes;
    const int64_t left = n_end - column;
    const F32 bias = c.bias != nullptr ? load_n(c.bias + column, left) : F32{};
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const int64_t row = m + r;
      if (c.f32 != nullptr) {
        store_n(c.f32 + row * c.stride + column, acc[r][v], left);
        continue;
      }
      F32 value = acc[r][v] + bias;
      if (c.residual != nullptr) value += load_n(c.residual + row * c.residual_stride + column, left);
      store_n(c.bf16 + row * c.stride + column, value, left);
    }
  }
}

template <int Rows, int Vectors>
LH_INLINE void tile(const TileA& a, int64_t m, const Bf16* panel, int64_t width, int64_t pairs, int64_t n,
                    int64_t n_end, const TileC& c) {
  F32 acc[Rows][Vectors] = {};
  if (c.accumulate) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) {
        const int64_t column = n + v * kLanes;
        acc[r][v] = load_n(c.f32 + (m + r) * c.stride + column, n_end - column);
      }
    }
  }
  multiply_tile<Rows, Vectors>(pairs, a.at(m), a.row_stride, a.pair_stride, panel, width, acc);
  store_tile<Rows, Vectors>(c, m, n, n_end, acc);
}

// All m rows against one panel of B: columns n .. n_end of C, panel `width` columns wide.
template <int Vectors>
static __attribute__((noinline)) void rows_by_panel(const TileA& a, int64_t m, const Bf16* panel,
                                                    int64_t width, int64_t pairs, int64_t n, int64_t n_end,
                                                    const TileC& c) {
  int64_t row = 0;
  for (; row + kTileRows <= m; row += kTileRows) {
    tile<kTileRows, Vectors>(a, row, panel, width, pairs, n, n_end, c);
  }
  if constexpr (kTileRows > 4) {
    if (row + 4 <= m) {
      tile<4, Vectors>(a, row, panel, width, pairs, n, n_end, c);
      row += 4;
    }
  }
  for (; row < m; ++row) tile<1, Vectors>(a, row, panel, width, pairs, n, n_end, c);
}

LH_INLINE void multiply_panel(const TileA& a, int64_t m, const Bf16* panel, int64_t width, int64_t pairs,
                              int64_t n, int64_t n_end, const TileC& c) {
  if constexpr (kTileVectors >= 3) {
    const int64_t vectors = (n_end - n + kLanes - 1) / kLanes;
    if (vectors == 3) return rows_by_panel<3>(a, m, panel, width, pairs, n, n_end, c);
    if (vectors == 2) return rows_by_panel<2>(a, m, panel, width, pairs, n, n_end, c);
  }
  rows_by_panel<1>(a, m, panel, width, pairs, n, n_end, c);
}

// The first n columns and the first `pairs` pairs of k of a B that pack_b packed with b_n columns and k rows.
LH_INLINE void multiply_packed(const TileA& a, int64_t m, const Bf16* b, int64_t b_n, int64_t k, int64_t n,
                               int64_t pairs, const TileC& c) {
  for (int64_t column = 0; column < n; column += kPanelColumns) {
    const int64_t width = smaller(kPanelColumns, round_up(b_n - column, kLanes));
    multiply_panel(a, m, b + column * 2 * packed_pairs(k), width, pairs, column,
                   smaller(n, column + kPanelColumns), c);
  }
}

// One block of k, all of C, packing B panel by panel.
LH_INLINE void multiply_block(const Gemm& g, const TileA& a, int64_t k_begin, int64_t k, const TileC& c,
                              Bf16* panel) {
  for (int64_t n = 0; n < g.n; n += kPanelColumns) {
    const int64_t columns = smaller(kPanelColumns, g.n - n);
    const int64_t width = round_up(columns, kLanes);
    const Bf16* b = g.b_transposed ? g.b + n * g.b_stride + k_begin : g.b + k_begin * g.b_stride + n;
    pack_panel(b, g.b_stride, g.b_transposed, columns, k, width, panel);
    multiply_panel(a, g.m, panel, width, packed_pairs(k), n, n + columns, c);
  }
}

static int64_t gemm_workspace_bytes(int64_t m, int64_t n, int64_t k) {
  const int64_t panel = packed_b_elements(smaller(n, kPanelColumns), k);
  return 2 * (round_up(panel, 32) + packed_a_elements(m, smaller(k, kBlockK)));
}

static void gemm(const Gemm& g, std::byte* workspace) {
  Bf16* panel = reinterpret_cast<Bf16*>(workspace);
  const TileC c = {g.out_f32, g.accumulate, g.out_bf16, g.out_stride, g.bias, g.residual, g.residual_stride};
  if (!g.a_transposed) return multiply_block(g, rows_of(g.a, g.a_stride), 0, g.k, c, panel);
  Bf16* packed = panel + round_up(packed_b_elements(smaller(g.n, kPanelColumns), g.k), 32);
  for (int64_t k = 0; k < g.k; k += kBlockK) {
    const int64_t block = smaller(kBlockK, g.k - k);
    pack_a(g.a + k * g.a_stride, g.a_stride, g.m, block, packed);
    TileC sum = c;
    sum.accumulate = c.accumulate || k > 0;
    multiply_block(g, packed_rows(packed, block), k, block, sum, panel);
  }
}

}  // namespace longhaul::trainer::LH_ISA
