/* RISC-V RV32IMC on QEMU's virt machine. */
#include "semihosting.h"

__asm__(
    ".section .start, \"ax\"\n"
    ".global _start\n"
    "_start:\n"
    "    la sp, stack_top\n"
    "    j start\n"
    ".text\n");

static uint32_t call_host(uint32_t operation, const void *arguments)
{
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = arguments;

    /* These three instructions together, uncompressed and on one page, are the call. */
    __asm__ volatile(
        ".option push\n"
        ".option norvc\n"
        ".balign 16\n"
        "slli x0, x0, 0x1f\n"
        "ebreak\n"
        "srai x0, x0, 7\n"
        ".option pop\n"
        : "+r"(a0)
        : "r"(a1)
        : "memory");
    return a0;
}

/* The counter of retired instructions itself: exact. */
uint32_t runtime_ticks(void)
{
    uint32_t ticks;

    __asm__ volatile(
        ".option push\n"
        ".option arch, +zicsr\n"
        "csrr %0, minstret\n"
        ".option pop\n"
        : "=r"(ticks)
        :
        : "memory");
    return ticks;
}
