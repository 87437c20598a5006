/* Files: mapping them for reading, writing them so that a crash loses nothing, directories.
 *
 * Every call that changes the file system goes through here, one hook call (file_hook_set) before each,
 * so that tests can kill the process or inject an error at every single operation.
 *
 * Errors carry the code of errno and TensorFlow's "<path>; <errno's text>". */
#ifndef SM_BASE_FILES_H_
#define SM_BASE_FILES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

/* A file mapped for reading, shared by reference count (thread-safe).
 *
 * The mapping is private: pages are those of the page cache until somebody writes to them, then a copy
 * that only this process sees; the file never changes. Whoever truncates the file in place while it is
 * mapped makes later reads fault (SIGBUS); writers that rename over it, as ours and TensorFlow's do,
 * leave the mapping whole. An empty file has data null and size 0. */
typedef struct FileMap FileMap;

/* TF_FAILED_PRECONDITION for a folder, a pipe or a device, as in file_read. */
TF_Code file_map_open(FileMap **map, const char *path, TF_Status *st);
FileMap *file_map_ref(FileMap *map);
/* Unmaps with the last reference. Null is allowed. */
void file_map_unref(FileMap *map);
Span file_map_span(const FileMap *map);
/* Closes the file behind the mapping, which file_map_read then copies from. For maps that are kept for long:
 * there are fewer descriptors than memory. Nobody else may read from the map meanwhile. */
void file_map_close_file(FileMap *map);
/* Copies bytes of the file without mapping their pages; TF_OUT_OF_RANGE when the file ends before. */
TF_Code file_map_read(const FileMap *map, void *out, size_t size, uint64_t offset, TF_Status *st);

/* The whole file, NUL-terminated, appended to `out`. TF_OUT_OF_RANGE past `max_size` bytes. */
TF_Code file_read(Bytes *out, const char *path, size_t max_size, TF_Status *st);
/* Replaces the file by `data` at once: other readers see the old bytes or the new ones, nothing else. With
 * `sync` the new bytes are on the disk when this returns. */
TF_Code file_write_atomic(const char *path, Span data, bool sync, TF_Status *st);

bool file_exists(const char *path);
bool file_is_dir(const char *path);
TF_Code file_size(const char *path, uint64_t *size, TF_Status *st);

/* A file that is written under a temporary name in the folder of `path` (made if it is not there) and gets
 * its own name at commit. It starts as zero; file_writer_close is always to be called, and removes what was
 * not committed. (A process that is killed leaves PATH.tmp-PID-N behind, which nobody ever reads.) */
typedef struct FileWriter {
  int fd;          /* open while temp_path is set */
  char *path;      /* the final name */
  char *temp_path; /* null when closed or committed */
} FileWriter;

TF_Code file_writer_open(FileWriter *w, const char *path, TF_Status *st);
/* Sets `size` bytes of disk aside: writing gets faster, and a full disk is known now. */
TF_Code file_writer_reserve(FileWriter *w, uint64_t size, TF_Status *st);
/* Writes at an offset; safe from several threads at a time. */
TF_Code file_writer_write_at(FileWriter *w, uint64_t offset, const void *data, size_t size, TF_Status *st);
TF_Code file_writer_sync(FileWriter *w, TF_Status *st);
/* Renames to the final name (to `path` when that is not null). Does not sync. */
TF_Code file_writer_commit(FileWriter *w, const char *path, TF_Status *st);
void file_writer_close(FileWriter *w);

TF_Code file_rename(const char *from, const char *to, TF_Status *st);
/* A second name for a file; TF_UNIMPLEMENTED where the file system has no such thing. */
TF_Code file_link(const char *from, const char *to, TF_Status *st);
/* Removes a file; one that is not there is no error. */
TF_Code file_remove(const char *path, TF_Status *st);
TF_Code dir_make_all(const char *path, TF_Status *st);
/* Removes an empty directory. */
TF_Code dir_remove(const char *path, TF_Status *st);
/* Makes renames in a directory durable. */
TF_Code dir_sync(const char *path, TF_Status *st);
/* The same for the folder that a file stands in. */
TF_Code dir_sync_of(const char *path, TF_Status *st);
/* Calls `each` with every name in a directory save "." and "..", in byte order; stops at an error. */
TF_Code dir_list(const char *path, TF_Code (*each)(void *arg, const char *name, TF_Status *st), void *arg,
                 TF_Status *st);

/* The folder of a path ("." for a bare name, "/" for one in the root), malloc'ed; null when memory is out. */
char *path_dirname(const char *path);
/* What follows the last '/'. Borrows. */
const char *path_basename(const char *path);
/* "a/b" of "a" and "b"; `name` alone when it is absolute or `dir` is empty. malloc'ed; null when memory is
 * out. */
char *path_join(const char *dir, const char *name);

/* Called before every operation that changes the file system ("open", "fallocate", "write", "fsync",
 * "rename", "link", "unlink", "mkdir", "rmdir") with its path, perhaps from several threads. What it returns
 * is 0 or the errno with which the operation fails without being tried; it may also end the process. For
 * tests; null by default. */
typedef int (*FileHook)(void *arg, const char *operation, const char *path);
void file_hook_set(FileHook hook, void *arg);

#endif
