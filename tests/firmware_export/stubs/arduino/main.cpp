#include <Arduino.h>

SerialPort Serial;

unsigned long micros()
{
    static unsigned long now = 0;
    return now += 7;
}

void delay(unsigned long) {}

int main()
{
    setup();
    loop();
    return 0;
}
