#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the hook ---- */

static FileHook the_hook;
static void *the_hook_arg;

void file_hook_set(FileHook hook, void *arg) {
  the_hook = hook;
  the_hook_arg = arg;
}

/* True, with errno set, if the operation is to fail. */
static bool hook_fails(const char *operation, const char *path) {
  int error = the_hook ? the_hook(the_hook_arg, operation, path) : 0;
  if (error) errno = error;
  return error != 0;
}

/* ---- paths ---- */

char *path_dirname(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return strdup(".");
  while (slash > path && slash[-1] == '/') slash--;
  return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

const char *path_basename(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *path_join(const char *dir, const char *name) {
  if (!*dir || *name == '/') return strdup(name);
  size_t len = strlen(dir), size = len + strlen(name) + 2;
  char *path = malloc(size);
  if (path) snprintf(path, size, "%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
  return path;
}

/* ---- looking at files ---- */

bool file_exists(const char *path) {
  struct stat s;
  return stat(path, &s) == 0;
}

bool file_is_dir(const char *path) {
  struct stat s;
  return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

TF_Code file_size(const char *path, uint64_t *size, TF_Status *st) {
  struct stat s;
  if (stat(path, &s)) return fail_errno(st, errno, "%s", path);
  *size = (uint64_t)s.st_size;
  return TF_OK;
}

/* Opens for reading. A folder is an error here and not only at the first read; so is a pipe or a device, which
 * a stranger's model may bring along and which would be waited for, or never end. */
static TF_Code open_to_read(const char *path, int *fd, uint64_t *size, TF_Status *st) {
  struct stat s;
  *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (*fd < 0) return fail_errno(st, errno, "%s", path);
  int error = fstat(*fd, &s) ? errno : S_ISDIR(s.st_mode) ? EISDIR : 0;
  if (error || !S_ISREG(s.st_mode)) {
    close(*fd);
    return error ? fail_errno(st, error, "%s", path)
                 : fail(st, TF_FAILED_PRECONDITION, "%s: is a pipe or a device, not a file", path);
  }
  *size = (uint64_t)s.st_size;
  return TF_OK;
}

TF_Code file_read(Bytes *out, const char *path, size_t max_size, TF_Status *st) {
  int fd;
  uint64_t size;
  TRY(open_to_read(path, &fd, &size, st));
  TF_Code code = TF_OK;
  size_t total = 0;
  for (;;) {
    size_t want = size > total && size - total < max_size ? (size_t)(size - total) + 1 : 1 << 16;
    char *at = bytes_reserve(out, want);
    if (!at) {
      code = fail_oom(st, path);
      break;
    }
    ssize_t n = read(fd, at, want);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      code = fail_errno(st, errno, "%s", path);
      break;
    }
    if (n == 0) break;
    total += (size_t)n;
    if (total > max_size) {
      code = fail(st, TF_OUT_OF_RANGE, "%s: larger than %zu bytes", path, max_size);
      break;
    }
    bytes_grow(out, (size_t)n);
  }
  if (out->data) out->data[out->size] = 0;
  close(fd);
  return code;
}

/* ---- mapping ---- */

struct FileMap {
  _Atomic int refs;
  int fd; /* kept to read parts without mapping their pages */
  void *data;
  size_t size;
};

TF_Code file_map_open(FileMap **map, const char *path, TF_Status *st) {
  int fd;
  uint64_t size;
  *map = NULL;
  TRY(open_to_read(path, &fd, &size, st));
  FileMap *m = size <= SIZE_MAX / 2 ? malloc(sizeof *m) : NULL;
  if (!m) {
    close(fd);
    return fail_oom(st, path);
  }
  *m = (FileMap){.fd = fd, .size = (size_t)size};
  atomic_init(&m->refs, 1);
  if (m->size) {
    m->data = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (m->data == MAP_FAILED) {
      TF_Code code = fail_errno(st, errno, "%s", path);
      close(fd);
      free(m);
      return code;
    }
  }
  *map = m;
  return TF_OK;
}

FileMap *file_map_ref(FileMap *map) {
  atomic_fetch_add_explicit(&map->refs, 1, memory_order_relaxed);
  return map;
}

void file_map_unref(FileMap *map) {
  if (!map || atomic_fetch_sub_explicit(&map->refs, 1, memory_order_acq_rel) != 1) return;
  if (map->data) munmap(map->data, map->size);
  file_map_close_file(map);
  free(map);
}

void file_map_close_file(FileMap *map) {
  if (map->fd >= 0) close(map->fd);
  map->fd = -1;
}

Span file_map_span(const FileMap *map) { return (Span){map->data, map->size}; }

/* Reads all `size` bytes at `offset`; TF_OUT_OF_RANGE when the file ends before. */
static TF_Code read_fully(int fd, void *out, size_t size, uint64_t offset, TF_Status *st) {
  for (size_t done = 0; done < size;) {
    ssize_t n = pread(fd, (char *)out + done, size - done, (off_t)(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(st, errno, "read of %zu bytes at %llu", size, (unsigned long long)offset);
    if (n == 0) return fail(st, TF_OUT_OF_RANGE, "Read less bytes than requested");
    done += (size_t)n;
  }
  return TF_OK;
}

TF_Code file_map_read(const FileMap *map, void *out, size_t size, uint64_t offset, TF_Status *st) {
  if (map->fd < 0) {
    if (offset > map->size || size > map->size - offset)
      return fail(st, TF_OUT_OF_RANGE, "Read less bytes than requested");
    if (size) memcpy(out, (const char *)map->data + offset, size);
    return TF_OK;
  }
  return read_fully(map->fd, out, size, offset, st);
}

/* ---- writing ---- */

TF_Code file_writer_open(FileWriter *w, const char *path, TF_Status *st) {
  static _Atomic unsigned serial;
  *w = (FileWriter){.fd = -1};
  char *dir = path_dirname(path);
  TF_Code code = dir ? dir_make_all(dir, st) : fail_oom(st, path);
  free(dir);
  if (code) return code;
  size_t size = strlen(path) + 40;
  w->path = strdup(path);
  char *temp = malloc(size);
  if (!w->path || !temp) {
    code = fail_oom(st, path);
    goto out;
  }
  do {
    snprintf(temp, size, "%s.tmp-%ld-%u", path, (long)getpid(), atomic_fetch_add(&serial, 1));
    w->fd = hook_fails("open", temp) ? -1 : open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (w->fd < 0 && errno == EEXIST);
  if (w->fd < 0) {
    code = fail_errno(st, errno, "%s", temp);
    goto out;
  }
  w->temp_path = temp;
  return TF_OK;
out:
  free(temp);
  free(w->path);
  *w = (FileWriter){.fd = -1};
  return code;
}

TF_Code file_writer_reserve(FileWriter *w, uint64_t size, TF_Status *st) {
  if (!size) return TF_OK;
  int error = 0;
  do error = hook_fails("fallocate", w->temp_path) || fallocate(w->fd, 0, 0, (off_t)size) ? errno : 0;
  while (error == EINTR);
  /* Not every file system can; it only saves time. */
  if (!error || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL) return TF_OK;
  return fail_errno(st, error, "%s", w->temp_path);
}

TF_Code file_writer_write_at(FileWriter *w, uint64_t offset, const void *data, size_t size, TF_Status *st) {
  for (size_t done = 0; done < size;) {
    if (hook_fails("write", w->temp_path)) return fail_errno(st, errno, "%s", w->temp_path);
    ssize_t n = pwrite(w->fd, (const char *)data + done, size - done, (off_t)(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(st, errno, "%s", w->temp_path);
    done += (size_t)n;
  }
  return TF_OK;
}

TF_Code file_writer_sync(FileWriter *w, TF_Status *st) {
  if (hook_fails("fsync", w->temp_path) || fsync(w->fd)) return fail_errno(st, errno, "%s", w->temp_path);
  return TF_OK;
}

TF_Code file_writer_commit(FileWriter *w, const char *path, TF_Status *st) {
  TRY(file_rename(w->temp_path, path ? path : w->path, st));
  free(w->temp_path);
  w->temp_path = NULL;
  file_writer_close(w);
  return TF_OK;
}

void file_writer_close(FileWriter *w) {
  if (!w->path) return;
  if (w->fd >= 0) close(w->fd);
  if (w->temp_path && !hook_fails("unlink", w->temp_path)) unlink(w->temp_path);
  free(w->temp_path);
  free(w->path);
  *w = (FileWriter){.fd = -1};
}

TF_Code file_write_atomic(const char *path, Span data, bool sync, TF_Status *st) {
  FileWriter w;
  TRY(file_writer_open(&w, path, st));
  TF_Code code = file_writer_write_at(&w, 0, data.data, data.size, st);
  if (!code && sync) code = file_writer_sync(&w, st);
  if (!code) code = file_writer_commit(&w, NULL, st);
  file_writer_close(&w);
  if (!code && sync) code = dir_sync_of(path, st);
  return code;
}

TF_Code file_rename(const char *from, const char *to, TF_Status *st) {
  if (hook_fails("rename", to) || rename(from, to)) return fail_errno(st, errno, "%s -> %s", from, to);
  return TF_OK;
}

TF_Code file_link(const char *from, const char *to, TF_Status *st) {
  int error = hook_fails("link", to) || link(from, to) ? errno : 0;
  if (!error) return TF_OK;
  if (error == EPERM || error == EOPNOTSUPP || error == EMLINK || error == ENOSYS)
    return fail(st, TF_UNIMPLEMENTED, "%s: no hard links here", to);
  return fail_errno(st, error, "%s -> %s", from, to);
}

TF_Code file_remove(const char *path, TF_Status *st) {
  if ((hook_fails("unlink", path) || unlink(path)) && errno != ENOENT)
    return fail_errno(st, errno, "%s", path);
  return TF_OK;
}

/* ---- folders ---- */

static TF_Code make_dir(const char *path, TF_Status *st) {
  if (!(hook_fails("mkdir", path) || mkdir(path, 0777))) return TF_OK;
  int error = errno;
  if (error == EEXIST && file_is_dir(path)) return TF_OK;
  return fail_errno(st, error == EEXIST ? ENOTDIR : error, "%s", path);
}

TF_Code dir_make_all(const char *path, TF_Status *st) {
  if (!*path || file_is_dir(path)) return TF_OK;
  char *copy = strdup(path);
  if (!copy) return fail_oom(st, path);
  TF_Code code = TF_OK;
  for (char *p = copy + 1; !code && (p = strchr(p, '/')); p++) {
    *p = 0;
    if (!file_is_dir(copy)) code = make_dir(copy, st);
    *p = '/';
  }
  if (!code) code = make_dir(copy, st);
  free(copy);
  return code;
}

TF_Code dir_remove(const char *path, TF_Status *st) {
  if (hook_fails("rmdir", path) || rmdir(path)) return fail_errno(st, errno, "%s", path);
  return TF_OK;
}

TF_Code dir_sync(const char *path, TF_Status *st) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail_errno(st, errno, "%s", path);
  int error = hook_fails("fsync", path) || fsync(fd) ? errno : 0;
  close(fd);
  /* Some file systems refuse to sync a folder; they have nothing to sync then. */
  return error && error != EINVAL ? fail_errno(st, error, "%s", path) : TF_OK;
}

TF_Code dir_sync_of(const char *path, TF_Status *st) {
  char *dir = path_dirname(path);
  if (!dir) return fail_oom(st, path);
  TF_Code code = dir_sync(dir, st);
  free(dir);
  return code;
}

static int not_dots(const struct dirent *e) { return strcmp(e->d_name, ".") && strcmp(e->d_name, ".."); }
static int by_bytes(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

TF_Code dir_list(const char *path, TF_Code (*each)(void *arg, const char *name, TF_Status *st), void *arg,
                 TF_Status *st) {
  struct dirent **list;
  int n = scandir(path, &list, not_dots, by_bytes);
  if (n < 0) return fail_errno(st, errno, "%s", path);
  TF_Code code = TF_OK;
  for (int i = 0; i < n; i++) {
    if (!code) code = each(arg, list[i]->d_name, st);
    free(list[i]);
  }
  free(list);
  return code;
}
