#include "trainer/model/memory.h"

#include <cstring>
#include <new>

namespace longhaul::trainer {

namespace {
constexpr std::align_val_t kAlignment{4096};
}

void FreeAligned::operator()(std::byte* memory) const { ::operator delete[](memory, kAlignment); }

AlignedMemory allocate_aligned(int64_t bytes) {
  AlignedMemory memory(static_cast<std::byte*>(::operator new[](static_cast<size_t>(bytes), kAlignment)));
  std::memset(memory.get(), 0, static_cast<size_t>(bytes));
  return memory;
}

}  // namespace longhaul::trainer
