/*
 * What the harness asks of the machine it runs on. Rows are read from rows.bin and answers
 * are written to answers.bin, both in the folder that the program is started in.
 */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdint.h>

/* Opens both files, which must exist; returns 0 if it could. */
int runtime_open(void);

/* Reads the next bytes of the rows; returns 0 if there were as many. */
int runtime_read(void *bytes, uint32_t count);

/* Appends bytes to the answers; returns 0 if it could. */
int runtime_write(const void *bytes, uint32_t count);

/* Returns the machine's counter of instructions, which wraps around; see the target. */
uint32_t runtime_ticks(void);

#endif
