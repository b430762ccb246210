/* Arm Cortex-M3 on QEMU's mps2-an385 board. */
#include "semihosting.h"

__asm__(
    ".section .start, \"a\"\n"
    ".global _start\n"
    "    .word stack_top\n"
    "    .word _start\n"
    ".text\n"
    ".thumb_func\n"
    "_start:\n"
    "    bl start_counter\n"
    "    b start\n");

#define SYSTICK ((volatile uint32_t *)0xE000E010u) /* control, reload, current value */
#define LARGEST 0xFFFFFFu

static uint32_t call_host(uint32_t operation, const void *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void start_counter(void);

void start_counter(void)
{
    SYSTICK[1] = LARGEST;
    SYSTICK[2] = 0u;
    SYSTICK[0] = 5u; /* runs, from the processor's clock */
}

/*
 * The clock runs at 25 MHz and an instruction takes 1 ns: one tick is 40 instructions. The
 * counter has 24 bits and counts down.
 */
uint32_t runtime_ticks(void)
{
    return LARGEST - SYSTICK[2];
}
