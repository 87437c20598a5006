#include "cli/tags.h"

#include <stdio.h>
#include <string.h>

void tags_split(TagList *list, const char *text) {
  snprintf(list->text, sizeof list->text, "%s", text);
  list->count = 0;
  char *rest = list->text, *tag;
  while ((tag = strsep(&rest, ",")) && list->count < TAGS_MAX) {
    tag += strspn(tag, " ");
    size_t len = strlen(tag);
    while (len && tag[len - 1] == ' ') tag[--len] = 0;
    if (len) list->tags[list->count++] = tag;
  }
}
