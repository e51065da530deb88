/* Writing, resizing, syncing. */
#include "disk-faults.h"
#include <time.h>

#define HERE ((off_t)-1) /* an offset: the descriptor's own position */

static void wait_for_disk(void) {
  uint64_t us = atomic_load(&state->sync_delay_us);
  struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
  while (us > 0 && nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

/* Takes up to `wanted` bytes of the budget. */
static size_t reserve(size_t wanted) {
  uint64_t used = atomic_load(&state->bytes);
  for (;;) {
    uint64_t bytes_max = atomic_load(&state->bytes_max);
    uint64_t left = bytes_max > used ? bytes_max - used : 0;
    size_t granted = wanted < left ? wanted : left;
    if (atomic_compare_exchange_weak(&state->bytes, &used, used + granted)) return granted;
  }
}

static size_t length_of(const struct iovec *parts, int parts_count) {
  size_t length = 0;
  for (int i = 0; i < parts_count; i++) length += parts[i].iov_len;
  return length;
}

/* Copies the parts as far as `length` bytes; answers how many parts that are. */
static int shorten(struct iovec *into, const struct iovec *parts, int parts_count, size_t length) {
  for (int i = 0; i < parts_count; i++) {
    into[i] = parts[i];
    if (into[i].iov_len >= length) {
      into[i].iov_len = length;
      return i + 1;
    }
    length -= into[i].iov_len;
  }
  return parts_count;
}

static ssize_t really_write(int fd, const struct iovec *parts, int parts_count, off_t offset,
                            int flags) {
  if (flags != 0) return real_pwritev2(fd, parts, parts_count, offset, flags);
  if (offset == HERE) return real_writev(fd, parts, parts_count);
  return real_pwritev(fd, parts, parts_count, offset);
}

/* Every write to a file of ours ends here; the offset is HERE or a place in the file. */
static ssize_t write_parts(int fd, const struct iovec *parts, int parts_count, off_t offset,
                           int flags) {
  struct stat file;
  bool makes_sense = parts_count > 0 && parts_count <= IOV_MAX;
  pthread_mutex_t *lock = makes_sense ? lock_file(fd, &file) : NULL;
  if (lock == NULL) return really_write(fd, parts, parts_count, offset, flags);

  size_t wanted = length_of(parts, parts_count);
  int error = atomic_load(&state->write_errno);
  size_t granted = error != 0 ? 0 : reserve(wanted);
  if (error == 0 && granted == 0 && wanted > 0) error = ENOSPC;
  if (error != 0) {
    pthread_mutex_unlock(lock);
    return fail(&state->failed_writes, error);
  }
  struct iovec allowed[parts_count];
  parts_count = shorten(allowed, parts, parts_count, granted);

  int mode = fcntl(fd, F_GETFL);
  bool appends = (mode & O_APPEND) != 0 || (flags & RWF_APPEND) != 0;
  bool syncs = (mode & O_DSYNC) != 0 || (flags & (RWF_DSYNC | RWF_SYNC)) != 0;
  off_t at = appends ? file.st_size : offset != HERE ? offset : lseek(fd, 0, SEEK_CUR);
  uint64_t change = save(WRITE, fd, &file, at, granted);
  ssize_t written = really_write(fd, allowed, parts_count, offset, flags);
  error = errno;
  pthread_mutex_unlock(lock);

  atomic_fetch_sub(&state->bytes, granted - (written < 0 ? 0 : written));
  if (written < 0) return fail(&state->failed_writes, error);
  count(&state->writes);
  if (syncs) {
    wait_for_disk();
    mark(DURABLE, &file, change);
    count(&state->synced_writes);
  }
  return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  ready();
  if (!may_be_ours(fd)) return real_write(fd, bytes, length);
  struct iovec part = {(void *)bytes, length};
  return write_parts(fd, &part, 1, HERE, 0);
}

ssize_t writev(int fd, const struct iovec *parts, int parts_count) {
  ready();
  if (!may_be_ours(fd)) return real_writev(fd, parts, parts_count);
  return write_parts(fd, parts, parts_count, HERE, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  ready();
  if (!may_be_ours(fd) || offset < 0) return real_pwrite(fd, bytes, length, offset);
  struct iovec part = {(void *)bytes, length};
  return write_parts(fd, &part, 1, offset, 0);
}

ssize_t pwritev(int fd, const struct iovec *parts, int parts_count, off_t offset) {
  ready();
  if (!may_be_ours(fd) || offset < 0) return real_pwritev(fd, parts, parts_count, offset);
  return write_parts(fd, parts, parts_count, offset, 0);
}

ssize_t pwritev2(int fd, const struct iovec *parts, int parts_count, off_t offset, int flags) {
  ready();
  if (!may_be_ours(fd) || offset < HERE) {
    return real_pwritev2(fd, parts, parts_count, offset, flags);
  }
  return write_parts(fd, parts, parts_count, offset, flags);
}

int ftruncate(int fd, off_t size) {
  ready();
  struct stat file;
  pthread_mutex_t *lock = size < 0 ? NULL : lock_file(fd, &file);
  if (lock == NULL) return real_ftruncate(fd, size);
  if (size != file.st_size) save(RESIZE, fd, &file, size, 0);
  int result = real_ftruncate(fd, size);
  pthread_mutex_unlock(lock);
  return result;
}

int truncate(const char *path, off_t size) {
  ready();
  if (size < 0 || !is_below(AT_FDCWD, path)) return real_truncate(path, size);
  int fd = open_ours(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  int result = ftruncate(fd, size);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static int sync_file(int fd, int (*really_sync)(int)) {
  struct stat file;
  pthread_mutex_t *lock = lock_file(fd, &file);
  if (lock == NULL) return really_sync(fd);
  uint64_t change = atomic_load(&state->changes);
  pthread_mutex_unlock(lock);

  wait_for_disk();
  int error = atomic_load(&state->sync_errno);
  if (error == 0 && really_sync(fd) != 0) error = errno;
  if (S_ISREG(file.st_mode)) mark(error == 0 ? SYNCED : SYNC_FAILED, &file, change);
  if (error != 0) return fail(&state->failed_syncs, error);
  count(&state->syncs);
  return 0;
}

int fsync(int fd) {
  ready();
  return sync_file(fd, real_fsync);
}

int fdatasync(int fd) {
  ready();
  return sync_file(fd, real_fdatasync);
}

SAME(ssize_t, pwrite64, (int, const void *, size_t, off_t), pwrite)
SAME(ssize_t, pwritev64, (int, const struct iovec *, int, off_t), pwritev)
SAME(ssize_t, pwritev64v2, (int, const struct iovec *, int, off_t, int), pwritev2)
SAME(int, ftruncate64, (int, off_t), ftruncate)
SAME(int, truncate64, (const char *, off_t), truncate)
