"""A small linker map in the words of GNU ld, with its traps."""

from __future__ import annotations

MAP = """\
Archive member included to satisfy reference by file (symbol)

libundertone_core.a(device.c.obj)
                              CMakeFiles/undertone.dir/app/main.cc.obj (ut_device_start)

Discarded input sections

 .text.never    0x00000000    0x10000 libundertone_core.a(unused.c.obj)
 .text.dropped  0x00000000       0x20 CMakeFiles/undertone.dir/app/restart.cc.obj

Memory Configuration

Name             Origin             Length             Attributes
m_text           0x00000c00         0x0003f400         xr
*default*        0x00000000         0xffffffff

Linker script and memory map

                0x01000000                        HEAP_SIZE = DEFINED (__heap_size__)?__heap_size__:0x1000000

.interrupts     0x00000800      0x400
 *(.isr_vector)
 .isr_vector    0x00000800      0x400 sdk/CMakeFiles/libs_nxp_sdk.dir/startup.S.obj
                0x00000800                __isr_vector

.tensorflow     0x20240000     0x2000
 *liblibs_tensorflow-m7.a:*(.text .text*)
 .text._ZN6tflite5InterESt6vectorIiSaIiEE
                0x20240000     0x1f00 sdk/liblibs_tensorflow-m7.a(interpreter.cc.obj)
 *fill*         0x20241f00      0x100

.text           0x00000c00     0x5000
 .text.ut_push  0x00000c00     0x3000 libundertone_core.a(microfrontend.c.obj)
 .text.main     0x00003c00      0x3c0 CMakeFiles/undertone.dir/app/main.cc.obj
 .text.vApplicationStackOverflowHook
                0x00003fc0       0x40 CMakeFiles/undertone.dir/app/restart.cc.obj
                0x00003c00                app_main
 .text.printf   0x00004000     0x1c00 /usr/lib/gcc/lib/libg_nano.a(lib_a-printf.o)

.data           0x20008000      0x100 load address 0x00005c00
 .data.state    0x20008000      0x100 sdk/liblibs_usb_host_task_freertos.a(usb.cc.obj)

.bss            0x20008100     0x9000 load address 0x00005d00
 .bss.g_device  0x20008100     0x9000 CMakeFiles/undertone.dir/app/device_task.cc.obj

.sdram_bss      0x81000000   0x100000
 .sdram_bss     0x81000000   0x100000 CMakeFiles/undertone.dir/app/models.cc.obj

.heap           0x80000000  0x1000000
                0x80000000                __HeapBase = .

.stack          0x20011100      0x400 load address 0x0000ed00

.empty          0x20240000        0x0

.debug_info     0x00000000     0x9999
 .debug_info    0x00000000     0x9999 libundertone_core.a(device.c.obj)
"""
