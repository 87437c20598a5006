/* "serve,gpu" on a command line -> a list of tags. */
#ifndef SM_CLI_TAGS_H_
#define SM_CLI_TAGS_H_

enum { TAGS_MAX = 16, TAGS_TEXT_MAX = 256 };

typedef struct TagList {
  const char *tags[TAGS_MAX];
  int count;
  char text[TAGS_TEXT_MAX]; /* what the tags point into; texts longer than this are cut */
} TagList;

/* Splits at commas; blanks around tags do not count, "" gives none. */
void tags_split(TagList *list, const char *text);

#endif
