/* This machine: files of the C library. It has no counter; valgrind counts from outside. */
#include "runtime.h"

#include <stdio.h>

static FILE *rows;
static FILE *answers;

int runtime_open(void)
{
    rows = fopen("rows.bin", "rb");
    answers = fopen("answers.bin", "wb");
    return rows == NULL || answers == NULL;
}

int runtime_read(void *bytes, uint32_t count)
{
    return fread(bytes, 1u, count, rows) != count;
}

int runtime_write(const void *bytes, uint32_t count)
{
    return fwrite(bytes, 1u, count, answers) != count;
}

uint32_t runtime_ticks(void)
{
    return 0u;
}
