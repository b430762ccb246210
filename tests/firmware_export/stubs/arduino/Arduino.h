/* As much of Arduino as the sketch uses, on a computer: the serial port is standard output. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>

struct SerialPort {
    void begin(unsigned long) {}
    explicit operator bool() const { return true; }
    void print(const char *text) { printf("%s", text); }
    void print(int value) { printf("%d", value); }
    void print(unsigned value) { printf("%u", value); }
    void print(unsigned long value) { printf("%lu", value); }
    template <typename T> void println(T value)
    {
        print(value);
        printf("\n");
    }
};

extern SerialPort Serial;
unsigned long micros();
void delay(unsigned long milliseconds);
void setup();
void loop();

#endif
