/* A task of its own empties the connection into a large ring, also while a network runs: a dozen packets of
 * the 300 bytes that this link carries fill lwIP's queue, and what finds no room there is sent again only
 * after 200 ms. Where the ring is full, nothing is read: TCP holds the host back, and no byte is lost.
 *
 * Only this task opens and closes; the mutex keeps it from closing under a reply that is being sent. */
#include "tcp.h"

#include <algorithm>
#include <cerrno>

#include "libs/base/check.h"
#include "libs/base/mutex.h"
#include "libs/base/network.h"
#include "libs/base/tasks.h"
#include "ring.h"
#include "sdram.h"
#include "third_party/nxp/rt1176-sdk/middleware/lwip/src/include/lwip/sockets.h"

namespace undertone {
namespace {

constexpr uint32_t kRingBytes = 32768; /* a second of audio */
constexpr size_t kPieceBytes = 1024;
constexpr int kWaitMs = 20;       /* for bytes, before a look for another host */
constexpr int kPatienceMs = 2000; /* for a host that takes nothing */
/* lwIP sends from the task that calls it, down to the USB driver's queue. */
constexpr configSTACK_DEPTH_TYPE kStackWords = configMINIMAL_STACK_SIZE * 20;

UT_SDRAM uint8_t g_bytes[kRingBytes];
Ring<uint8_t, kRingBytes> g_ring(g_bytes);
SemaphoreHandle_t g_sending;
TaskHandle_t g_reader;
int g_client = -1;
std::atomic<bool> g_new_host{false};

void Drop() {
  coralmicro::MutexLock lock(g_sending);
  coralmicro::SocketClose(g_client);
  g_client = -1;
}

/* Not by O_NONBLOCK: lwIP and the C library number it differently, and each goes by what it was compiled
 * with. */
bool SetWaiting(int socket, bool waits) {
  int at_once = waits ? 0 : 1;
  return lwip_ioctl(socket, FIONBIO, &at_once) == 0;
}

/* Replies go at once, and a wait for bytes ends: a task of this priority that never waited would stop the
 * board, and one that waits for ever would see no new host. */
bool SetUp(int client) {
  const int at_once = 1;
  const struct timeval wait = {.tv_sec = 0, .tv_usec = kWaitMs * 1000};
  return SetWaiting(client, true) &&
         lwip_setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
         lwip_setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once) == 0;
}

/* A new host takes the place of the one before, which may have gone without a word. */
void Welcome(int listener) {
  const int client = coralmicro::SocketAccept(listener);
  if (client < 0) {
    return;
  }
  if (!SetUp(client)) {
    coralmicro::SocketClose(client);
    return;
  }
  if (g_client >= 0) {
    Drop();
  }
  /* What the one before said is not answered to this one. The reader alone may clear the ring: it does, and puts a
   * zero before what comes after, for the frame that was begun. Until then nothing of the new host is read. */
  g_new_host.store(true);
  xTaskNotifyGive(g_reader);
  coralmicro::MutexLock lock(g_sending);
  g_client = client;
}

void Receive() {
  static uint8_t piece[kPieceBytes];
  const size_t room = std::min<size_t>(g_ring.Room(), sizeof piece);
  if (room == 0 || g_new_host.load()) {
    vTaskDelay(1);
    return;
  }
  const ssize_t count = lwip_recv(g_client, piece, room, 0);
  if (count > 0) {
    g_ring.Put(piece, static_cast<size_t>(count));
    xTaskNotifyGive(g_reader);
  } else if (count == 0 || errno != EWOULDBLOCK) {
    Drop();
  }
}

[[noreturn]] void Run(void* /*unused*/) {
  const int listener = coralmicro::SocketServer(kTcpPort, /*backlog=*/2);
  CHECK(listener >= 0 && SetWaiting(listener, false));
  for (;;) {
    Welcome(listener);
    if (g_client >= 0) {
      Receive();
    } else {
      vTaskDelay(pdMS_TO_TICKS(kWaitMs));
    }
  }
}

/* Send what goes now. Returns the number of bytes, 0 where there is no room, -1 where there is no host. */
ssize_t SendSome(const uint8_t* bytes, size_t count) {
  coralmicro::MutexLock lock(g_sending);
  if (g_client < 0) {
    return -1;
  }
  const ssize_t sent = lwip_send(g_client, bytes, count, MSG_DONTWAIT);
  return sent < 0 && errno == EWOULDBLOCK ? 0 : sent;
}

} /* namespace */

void TcpStart(TaskHandle_t reader) {
  g_reader = reader;
  g_sending = xSemaphoreCreateMutex();
  CHECK(g_sending);
  CHECK(xTaskCreate(Run, "undertone_tcp", kStackWords, nullptr, coralmicro::kUsbDeviceTaskPriority,
                    nullptr) == pdPASS);
}

size_t TcpTake(uint8_t* bytes, size_t most) {
  if (!g_new_host.load() || most == 0) {
    return g_ring.Take(bytes, most);
  }
  g_ring.Clear();
  g_new_host.store(false);
  bytes[0] = 0;
  return 1;
}

void TcpSend(const uint8_t* bytes, size_t count) {
  TickType_t since = xTaskGetTickCount();
  while (count > 0) {
    const ssize_t sent = SendSome(bytes, count);
    if (sent < 0 || (sent == 0 && xTaskGetTickCount() - since > pdMS_TO_TICKS(kPatienceMs))) {
      return;
    }
    if (sent == 0) {
      vTaskDelay(1);
      continue;
    }
    bytes += sent;
    count -= static_cast<size_t>(sent);
    since = xTaskGetTickCount();
  }
}

uint32_t TcpPeak() { return g_ring.Peak(); }

} /* namespace undertone */
