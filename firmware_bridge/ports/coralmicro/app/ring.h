/* A queue from one task to another, without a lock. FreeRTOS' stream buffers do not do here: this SDK has
 * them wake the other core. */
#ifndef UNDERTONE_CORALMICRO_RING_H
#define UNDERTONE_CORALMICRO_RING_H

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace undertone {

/* Holds up to `Capacity` items of `T`, a power of two. One task puts, one other task takes. */
template <typename T, uint32_t Capacity>
class Ring {
  static_assert(Capacity > 0 && (Capacity & (Capacity - 1)) == 0, "counters wrap: a power of two");

 public:
  /* `items` has room for `Capacity`, in whatever memory. */
  explicit constexpr Ring(T* items) : items_(items) {}
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  uint32_t Held() const {
    return put_.load(std::memory_order_acquire) - taken_.load(std::memory_order_acquire);
  }
  uint32_t Room() const { return Capacity - Held(); }

  /* Most items that were ever held. */
  uint32_t Peak() const { return peak_.load(std::memory_order_relaxed); }

  /* Put what there is room for; return how many that were. */
  size_t Put(const T* items, size_t count) {
    const uint32_t at = put_.load(std::memory_order_relaxed);
    const uint32_t held = at - taken_.load(std::memory_order_acquire);
    const uint32_t most = static_cast<uint32_t>(std::min<size_t>(count, Capacity - held));
    for (uint32_t i = 0; i < most; ++i) {
      items_[(at + i) % Capacity] = items[i];
    }
    put_.store(at + most, std::memory_order_release);
    peak_.store(std::max(peak_.load(std::memory_order_relaxed), held + most), std::memory_order_relaxed);
    return most;
  }

  /* Take up to `count`; return how many there were. */
  size_t Take(T* items, size_t count) {
    const uint32_t at = taken_.load(std::memory_order_relaxed);
    const uint32_t held = put_.load(std::memory_order_acquire) - at;
    const uint32_t most = static_cast<uint32_t>(std::min<size_t>(count, held));
    for (uint32_t i = 0; i < most; ++i) {
      items[i] = items_[(at + i) % Capacity];
    }
    taken_.store(at + most, std::memory_order_release);
    return most;
  }

  /* Forget what is held; only the taking task may. */
  void Clear() { taken_.store(put_.load(std::memory_order_acquire), std::memory_order_release); }

 private:
  T* const items_;
  std::atomic<uint32_t> put_{0}, taken_{0}, peak_{0};
};

} /* namespace undertone */

#endif
