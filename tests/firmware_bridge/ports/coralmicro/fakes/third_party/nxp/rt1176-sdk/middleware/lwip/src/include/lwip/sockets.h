/* lwIP's calls are this machine's. */
#ifndef FAKE_LWIP_SOCKETS_H
#define FAKE_LWIP_SOCKETS_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

inline ssize_t lwip_recv(int s, void* to, size_t count, int flags) { return recv(s, to, count, flags); }
inline ssize_t lwip_send(int s, const void* from, size_t count, int flags) {
  return send(s, from, count, flags | MSG_NOSIGNAL);
}
inline int lwip_ioctl(int s, unsigned long request, void* argument) { return ioctl(s, request, argument); }
/* As strict about its arguments as lwIP is. */
inline int lwip_setsockopt(int s, int level, int name, const void* value, socklen_t length) {
  if (name == SO_RCVTIMEO && length < sizeof(timeval)) return -1;
  return setsockopt(s, level, name, value, length);
}

#endif
