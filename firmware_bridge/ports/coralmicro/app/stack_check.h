/* Comes before all else of the kernel's tasks.c (CMakeLists.txt): at each switch the kernel looks whether the task that
 * goes has written to the end of its stack, and calls vApplicationStackOverflowHook (restart.cc). The SDK has that off. */
#ifndef UNDERTONE_CORALMICRO_STACK_CHECK_H
#define UNDERTONE_CORALMICRO_STACK_CHECK_H

#include "FreeRTOSConfig.h"

#undef configCHECK_FOR_STACK_OVERFLOW
#define configCHECK_FOR_STACK_OVERFLOW 2

/* The SDK's loaders are linked with the same file, and have no such function: there the call goes nowhere. */
#pragma weak vApplicationStackOverflowHook

#endif
