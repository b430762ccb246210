/* Forced into every C file: the assembler of the LX106 does not know the MAC16 option. */
__asm__(".include \"mac16.inc\"");
