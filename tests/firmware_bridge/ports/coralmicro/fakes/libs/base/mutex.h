#ifndef FAKE_MUTEX_H
#define FAKE_MUTEX_H

#include <mutex>

typedef std::mutex* SemaphoreHandle_t;
inline SemaphoreHandle_t xSemaphoreCreateMutex() { return new std::mutex; }

namespace coralmicro {
class MutexLock {
 public:
  explicit MutexLock(SemaphoreHandle_t mutex) : lock_(*mutex) {}

 private:
  std::lock_guard<std::mutex> lock_;
};
}  // namespace coralmicro

#endif
