/* What names lead to: opening and closing, creating, renaming, removing. */
#include "disk-faults.h"
#include <stdarg.h>

/* Whether the disk takes no new file now; then the failure is counted, and errno set. */
static bool refuses_to_create(int at, const char *path) {
  struct stat file;
  int error = atomic_load(&state->create_errno);
  if (error == 0 || fstatat(at, path, &file, 0) == 0) return false;
  fail(&state->failed_creates, error);
  return true;
}

static int create(int at, const char *path, int flags, mode_t mode) {
  int fd = real_openat(at, path, flags | O_CREAT | O_EXCL, mode);
  struct stat file;
  if (fd >= 0 && fstat(fd, &file) == 0) mark(FORGET, &file, 0);
  return fd;
}

/* What O_CREAT, O_EXCL and O_TRUNC ask for happens one by one, so that we know what is new. */
int open_ours(int at, const char *path, int flags, mode_t mode) {
  bool creates = (flags & O_CREAT) != 0;
  bool truncates = (flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY;
  if (creates && refuses_to_create(at, path)) return -1;
  int plain = flags & ~(O_CREAT | O_EXCL | O_TRUNC);
  if ((flags & O_ACCMODE) == O_WRONLY) plain = (plain & ~O_ACCMODE) | O_RDWR;
  int fd = -1;
  /* Again, should somebody create or remove it in between. */
  for (int attempt = 0; attempt < 3; attempt++) {
    fd = creates ? create(at, path, plain, mode) : -1;
    if (fd >= 0 || (creates && (errno != EEXIST || (flags & O_EXCL) != 0))) break;
    fd = real_openat(at, path, plain, mode);
    if (fd >= 0 || !creates || errno != ENOENT) break;
  }
  watch(fd);
  if (fd >= 0 && truncates) ftruncate(fd, 0);
  return fd;
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
  if (is_below(at, path)) return open_ours(at, path, flags, mode);
  return real_openat(at, path, flags, mode);
}

/* The mode is there only if a file may be created. */
#define OPEN(at, path, flags)                                       \
  ready();                                                          \
  mode_t mode = 0;                                                  \
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list rest;                                                   \
    va_start(rest, flags);                                          \
    mode = va_arg(rest, mode_t);                                    \
    va_end(rest);                                                   \
  }                                                                 \
  return open_any(at, path, flags, mode)

int open(const char *path, int flags, ...) { OPEN(AT_FDCWD, path, flags); }
int openat(int at, const char *path, int flags, ...) { OPEN(at, path, flags); }

int creat(const char *path, mode_t mode) {
  return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* What programs built with _FORTIFY_SOURCE call when there is no mode. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __openat_2(int at, const char *path, int flags) { return openat(at, path, flags); }

int close(int fd) {
  ready();
  if (fd >= 0 && fd == journal) {
    errno = EBADF;
    return -1;
  }
  unwatch(fd);
  return real_close(fd);
}

/* To be called before a name goes: with its last name a file ends, and its inode is free. */
static void forget(int at, const char *path) {
  struct stat file;
  if (journal < 0 || !is_below(at, path)) return;
  if (fstatat(at, path, &file, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISREG(file.st_mode) && file.st_nlink == 1) mark(FORGET, &file, 0);
}

int unlinkat(int at, const char *path, int flags) {
  ready();
  forget(at, path);
  return real_unlinkat(at, path, flags);
}

int unlink(const char *path) {
  ready();
  forget(AT_FDCWD, path);
  return real_unlink(path);
}

int remove(const char *path) {
  ready();
  forget(AT_FDCWD, path);
  return real_remove(path);
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
  ready();
  struct stat source, target;
  bool replaces = fstatat(from_at, from, &source, AT_SYMLINK_NOFOLLOW) == 0 &&
                  fstatat(to_at, to, &target, AT_SYMLINK_NOFOLLOW) == 0 &&
                  (source.st_ino != target.st_ino || source.st_dev != target.st_dev);
  if (replaces) forget(to_at, to);
  return real_renameat(from_at, from, to_at, to);
}

int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

/* With flags nothing is replaced, or both stay. */
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  if (flags == 0) return renameat(from_at, from, to_at, to);
  ready();
  return real_renameat2(from_at, from, to_at, to, flags);
}

int mkdirat(int at, const char *path, mode_t mode) {
  ready();
  if (is_below(at, path) && refuses_to_create(at, path)) return -1;
  return real_mkdirat(at, path, mode);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

SAME(int, open64, (const char *, int, ...), open)
SAME(int, openat64, (int, const char *, int, ...), openat)
SAME(int, creat64, (const char *, mode_t), creat)
SAME(int, __open64_2, (const char *, int), __open_2)
SAME(int, __openat64_2, (int, const char *, int), __openat_2)
