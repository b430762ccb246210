/* Xtensa LX106 on QEMU's simulator machine: files and the end by SIMCALL. */
#include "runtime.h"

enum { CALL_EXIT = 1, CALL_READ = 3, CALL_WRITE = 4, CALL_OPEN = 5 };
enum { READ_ONLY = 0, WRITE_ONLY = 1 };

__asm__(
    ".section .start, \"ax\"\n"
    ".global _start\n"
    "_start:\n" /* the reset vector: the first byte must be code */
    "    j begin\n"
    ".literal_position\n"
    "begin:\n"
    "    movi a1, stack_top\n"
    "    call0 main\n"
    "    mov a3, a2\n"
    "    movi a2, 1\n"
    "    simcall\n"
    ".text\n");

static int rows;
static int answers;

static int call_simulator(int number, uint32_t first, uint32_t second, uint32_t third)
{
    register int a2 __asm__("a2") = number;
    register uint32_t a3 __asm__("a3") = first;
    register uint32_t a4 __asm__("a4") = second;
    register uint32_t a5 __asm__("a5") = third;

    __asm__ volatile("simcall" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
    return a2;
}

int runtime_open(void)
{
    rows = call_simulator(CALL_OPEN, (uint32_t)"rows.bin", READ_ONLY, 0u);
    answers = call_simulator(CALL_OPEN, (uint32_t)"answers.bin", WRITE_ONLY, 0u);
    return rows < 0 || answers < 0;
}

int runtime_read(void *bytes, uint32_t count)
{
    return call_simulator(CALL_READ, (uint32_t)rows, (uint32_t)bytes, count) != (int)count;
}

int runtime_write(const void *bytes, uint32_t count)
{
    return call_simulator(CALL_WRITE, (uint32_t)answers, (uint32_t)bytes, count) != (int)count;
}

/* The clock runs at 40 MHz and an instruction takes 1 ns: one tick is 25 instructions. */
uint32_t runtime_ticks(void)
{
    uint32_t ticks;

    __asm__ volatile("rsr.ccount %0" : "=r"(ticks) : : "memory");
    return ticks;
}
