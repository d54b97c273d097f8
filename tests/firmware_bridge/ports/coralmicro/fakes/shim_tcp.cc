/* The TCP server as C functions. */
#include "libs/base/network.h"
#include "tcp.h"

std::atomic<uint32_t> g_waited{0}, g_woken{0};
std::atomic<int> g_port{0};
std::atomic<bool> g_ended{false};

extern "C" {
void tcp_start(void) { undertone::TcpStart(nullptr); }
int32_t tcp_port(void) { return g_port; }
size_t tcp_take(uint8_t* bytes, size_t most) { return undertone::TcpTake(bytes, most); }
void tcp_send(const uint8_t* bytes, size_t count) { undertone::TcpSend(bytes, count); }
uint32_t tcp_peak(void) { return undertone::TcpPeak(); }
uint32_t tcp_woken(void) { return g_woken; }
}
