#ifndef FAKE_CHECK_H
#define FAKE_CHECK_H

#include <cstdlib>

#define CHECK(condition) ((condition) ? void() : std::abort())

#endif
