/* The text of opdefs.tsv, compiled in; a NUL follows its last byte. */
#ifndef SM_GRAPH_OPDEFS_DATA_H_
#define SM_GRAPH_OPDEFS_DATA_H_

extern const char sm_opdefs_begin[] __attribute__((visibility("hidden")));
extern const char sm_opdefs_end[] __attribute__((visibility("hidden")));

#endif
