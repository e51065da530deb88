/* Ways to write without write: counted or refused. */
#include "disk-faults.h"
#include <stdarg.h>
#include <sys/syscall.h>

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  ready();
  bool stores = (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0;
  if (stores && is_ours(fd)) count(&state->writable_mappings);
  return real_mmap(address, length, protection, flags, fd, offset);
}

static int refuse(int error) {
  errno = error;
  return -1;
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  ready();
  return is_ours(fd) ? refuse(EOPNOTSUPP) : real_fallocate(fd, mode, offset, length);
}

int posix_fallocate(int fd, off_t offset, off_t length) {
  ready();
  return is_ours(fd) ? EOPNOTSUPP : real_posix_fallocate(fd, offset, length);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
  ready();
  return is_ours(to) ? refuse(EINVAL) : real_sendfile(to, from, offset, length);
}

ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t length,
                        unsigned flags) {
  ready();
  if (is_ours(to)) return refuse(ENOSYS);
  return real_copy_file_range(from, from_offset, to, to_offset, length, flags);
}

/* libuv calls some functions by their numbers. */
long syscall(long number, ...) {
  ready();
  long words[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) words[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_copy_file_range && is_ours((int)words[2])) return refuse(ENOSYS);
  if (number == SYS_io_uring_setup && has_folder()) return refuse(ENOSYS);
  return real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

SAME(void *, mmap64, (void *, size_t, int, int, int, off_t), mmap)
SAME(int, fallocate64, (int, int, off_t, off_t), fallocate)
SAME(int, posix_fallocate64, (int, off_t, off_t), posix_fallocate)
SAME(ssize_t, sendfile64, (int, int, off_t *, size_t), sendfile)
