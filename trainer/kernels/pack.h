// Rearranging matrices for the matrix product. The product walks k in pairs (k, k+1) that lie beside each
// other in one 32-bit element:
//   B in panels of kPanelColumns columns (the last may be narrower, a multiple of 16): [k / 2][column] pairs;
//   A, when it comes transposed, in panels of kTileRows rows: [k / 2][row] pairs.
// What sticks out, in either direction, is zero.
#pragma once

#include "trainer/kernels/vector.h"

namespace longhaul::trainer::LH_ISA {

inline constexpr int64_t kPanelColumns = kTileVectors * kLanes;

LH_INLINE int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}
LH_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
LH_INLINE int64_t packed_pairs(int64_t k) { return (k + 1) / 2; }

// Pairs of two rows: lane i = (low[i], high[i]).
LH_INLINE U32 interleave(U16 low, U16 high) { return widen_bits(low) | (widen_bits(high) << 16); }

// One panel of B, b[k * stride + n]: columns 0 .. columns, k rows, into width columns.
LH_INLINE void pack_panel_plain(const Bf16* b, int64_t stride, int64_t columns, int64_t k, int64_t width,
                                Bf16* out) {
  for (int64_t row = 0; row < k; row += 2) {
    const Bf16* low = b + row * stride;
    for (int64_t column = 0; column < width; column += kLanes) {
      U32 pairs = {};
      if (const int64_t n = columns - column; n > 0) {
        pairs = interleave(load_bits_n(low + column, n),
                           row + 1 < k ? load_bits_n(low + stride + column, n) : U16{});
      }
      std::memcpy(out, &pairs, sizeof pairs);
      out += 2 * kLanes;
    }
  }
}

// Transposes 16 × 16 elements of 32 bits: four rounds, each swapping blocks of 8, 4, 2, 1 between rows.
LH_INLINE void transpose_lanes(U32 (&rows)[kLanes]) {
  U32 other[kLanes];
#define LH_SWAP(from, to, step, low, high)                                                   \
  for (int i = 0; i < kLanes; ++i) {                                                         \
    if ((i & (step)) != 0) continue;                                                         \
    (to)[i] = __builtin_shufflevector((from)[i], (from)[i + (step)], LH_LIST low);           \
    (to)[i + (step)] = __builtin_shufflevector((from)[i], (from)[i + (step)], LH_LIST high); \
  }
#define LH_LIST(...) __VA_ARGS__
  LH_SWAP(rows, other, 8, (0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
          (8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
  LH_SWAP(other, rows, 4, (0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
          (4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  LH_SWAP(rows, other, 2, (0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
          (2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  LH_SWAP(other, rows, 1, (0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
          (1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#undef LH_LIST
#undef LH_SWAP
}

// One panel of B, b[n * stride + k], k even.
LH_INLINE void pack_panel_transposed(const Bf16* b, int64_t stride, int64_t columns, int64_t k, int64_t width,
                                     Bf16* out) {
  const int64_t pairs = k / 2;
  for (int64_t column = 0; column < width; column += kLanes) {
    for (int64_t pair = 0; pair < pairs; pair += kLanes) {
      const int64_t n = smaller(kLanes, pairs - pair);
      U32 block[kLanes];
      for (int64_t i = 0; i < kLanes; ++i) {
        const Bf16* from = b + (column + i) * stride + 2 * pair;
        if (n >= kLanes && column + i < columns) {
          std::memcpy(&block[i], from, sizeof block[i]);
        } else {
          block[i] = U32{};
          if (column + i < columns) std::memcpy(&block[i], from, static_cast<size_t>(n) * 2 * sizeof(Bf16));
        }
      }
      transpose_lanes(block);
      for (int64_t i = 0; i < n; ++i) {
        std::memcpy(out + 2 * ((pair + i) * width + column), &block[i], sizeof block[i]);
      }
    }
  }
}

LH_INLINE void pack_panel(const Bf16* b, int64_t stride, bool transposed, int64_t columns, int64_t k,
                          int64_t width, Bf16* out) {
  if (transposed) {
    pack_panel_transposed(b, stride, columns, k, width, out);
  } else {
    pack_panel_plain(b, stride, columns, k, width, out);
  }
}

// All panels of a B of n columns: panel p starts at out + p * kPanelColumns * 2 * packed_pairs(k).
LH_INLINE void pack_b(const Bf16* b, int64_t stride, bool transposed, int64_t n, int64_t k, Bf16* out) {
  for (int64_t column = 0; column < n; column += kPanelColumns) {
    const int64_t columns = smaller(kPanelColumns, n - column);
    pack_panel(transposed ? b + column * stride : b + column, stride, transposed, columns, k,
               round_up(columns, kLanes), out + column * 2 * packed_pairs(k));
  }
}
LH_INLINE int64_t packed_b_elements(int64_t n, int64_t k) {
  return round_up(n, kLanes) * 2 * packed_pairs(k);
}

// All panels of a transposed A: A(m, k) is a[k * stride + m].
LH_INLINE void pack_a(const Bf16* a, int64_t stride, int64_t m, int64_t k, Bf16* out) {
  const int64_t panel = 2 * packed_pairs(k) * kTileRows;
  for (int64_t row = 0; row < k; row += 2) {
    const Bf16* low = a + row * stride;
    for (int64_t column = 0; column < m; column += kLanes) {
      const int64_t n = m - column;
      const U32 pairs = interleave(load_bits_n(low + column, n),
                                   row + 1 < k ? load_bits_n(low + stride + column, n) : U16{});
      for (int64_t i = 0; i < smaller(kLanes, round_up(n, kTileRows)); i += kTileRows) {
        const char* from = reinterpret_cast<const char*>(&pairs) + i * 4;
        std::memcpy(out + (column + i) / kTileRows * panel + row * kTileRows, from, kTileRows * 4);
      }
    }
  }
}
LH_INLINE int64_t packed_a_elements(int64_t m, int64_t k) {
  return round_up(m, kTileRows) * 2 * packed_pairs(k);
}

}  // namespace longhaul::trainer::LH_ISA
