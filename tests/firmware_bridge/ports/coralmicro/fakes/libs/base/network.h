/* A server on a free port of this machine, with small buffers so that a test can fill them. */
#ifndef FAKE_NETWORK_H
#define FAKE_NETWORK_H

#include <atomic>

#include "third_party/nxp/rt1176-sdk/middleware/lwip/src/include/lwip/sockets.h"

extern std::atomic<int> g_port;

namespace coralmicro {
inline int SocketServer(int, int backlog) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int small = 4096;
  setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, backlog) != 0)
    return -1;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  g_port = ntohs(address.sin_port);
  return listener;
}
inline int SocketAccept(int listener) { return accept(listener, nullptr, nullptr); }
inline void SocketClose(int connection) { close(connection); }
}  // namespace coralmicro

#endif
