/* For tests of files: each test runs in an empty folder of its own, which goes away with all that is in it.
 * Use test_folder_enter and test_folder_leave as setup and teardown. */
#ifndef SM_BASE_TEST_FOLDER_H_
#define SM_BASE_TEST_FOLDER_H_

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char test_folder[] = "/tmp/savedmodel_test_XXXXXX";
static char test_folder_before[4096];

static int test_folder_enter(void **state) {
  (void)state;
  memset(test_folder + sizeof test_folder - 7, 'X', 6);
  return !getcwd(test_folder_before, sizeof test_folder_before) || !mkdtemp(test_folder) ||
         chdir(test_folder);
}

static int test_folder_remove(const char *path, const struct stat *s, int flag, struct FTW *ftw) {
  (void)s, (void)flag, (void)ftw;
  return remove(path);
}

static int test_folder_leave(void **state) {
  (void)state;
  return chdir(test_folder_before) || nftw(test_folder, test_folder_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
