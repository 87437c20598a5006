/* The bytes of opdefs.tsv, put into the program by the assembler (which finds the file from the top of the
 * tree). */
#include "graph/opdefs_data.h"

__asm__(
    ".pushsection .rodata\n"
    ".global sm_opdefs_begin\n"
    ".hidden sm_opdefs_begin\n"
    ".global sm_opdefs_end\n"
    ".hidden sm_opdefs_end\n"
    "sm_opdefs_begin:\n"
    ".incbin \"src/graph/opdefs.tsv\"\n"
    "sm_opdefs_end:\n"
    ".byte 0\n"
    ".popsection\n");
