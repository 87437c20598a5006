/* Runs a fuzz target over files: its corpus becomes a plain test, with any compiler.
 *
 *   fuzz_json_replay [--whole] DIR_OR_FILE...
 *
 * Every file is tried whole and, without --whole, cut short at several places and with single bits changed,
 * so that a small corpus reaches the error paths too. Exit code 0 when nothing crashed, 1 when there was
 * nothing to try. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHANGES = 200, FILE_MAX = 1 << 24 };

/* A copy of exactly `size` bytes, so that a sanitizer sees any read past them. */
static void try_one(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy) abort();
  if (size) memcpy(copy, data, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

static void try_variants(uint8_t *data, size_t size) {
  try_one(data, size);
  for (size_t i = 1; i <= CHANGES / 4; i++) try_one(data, size * i / (CHANGES / 4 + 1));
  uint64_t random = 0x9e3779b97f4a7c15u + size;
  for (int i = 0; i < CHANGES && size; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    size_t at = (size_t)(random >> 33) % size;
    uint8_t old = data[at];
    data[at] ^= (uint8_t)(1 << (random >> 30 & 7));
    if (random >> 29 & 1) data[at] = (uint8_t)(random >> 20);
    try_one(data, size);
    data[at] = old;
  }
}

static int whole_only;

static int try_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    return 0;
  }
  uint8_t *data = malloc(FILE_MAX);
  size_t size = data ? fread(data, 1, FILE_MAX, file) : 0;
  fclose(file);
  if (!data) abort();
  if (whole_only) try_one(data, size);
  else try_variants(data, size);
  free(data);
  return 1;
}

static int try_path(const char *path) {
  struct stat info;
  if (stat(path, &info)) {
    perror(path);
    return 0;
  }
  if (!S_ISDIR(info.st_mode)) return try_file(path);
  DIR *dir = opendir(path);
  if (!dir) return 0;
  int tried = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    char name[4096];
    if (entry->d_name[0] == '.' ||
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= (int)sizeof name)
      continue;
    tried += try_path(name);
  }
  closedir(dir);
  return tried;
}

int main(int argc, char **argv) {
  int tried = 0;
  try_one((const uint8_t *)"", 0);
  whole_only = argc > 1 && strcmp(argv[1], "--whole") == 0;
  for (int i = 1 + whole_only; i < argc; i++) tried += try_path(argv[i]);
  printf("%d files\n", tried);
  return tried ? 0 : 1;
}
