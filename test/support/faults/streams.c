/*
 * Streams, by which LevelDB writes. Inside of libc they would write behind our back, so those to
 * files of ours are streams with functions of our own.
 */
#include "disk-faults.h"

static ssize_t stream_read(void *fd, char *bytes, size_t length) {
  return read((intptr_t)fd, bytes, length);
}

/* As libc does it: all of it, or less and an error. */
static ssize_t stream_write(void *fd, const char *bytes, size_t length) {
  size_t done = 0;
  while (done < length) {
    ssize_t written = write((intptr_t)fd, bytes + done, length - done);
    if (written < 0) break;
    done += written;
  }
  return done;
}

static int stream_seek(void *fd, off64_t *offset, int whence) {
  *offset = lseek((intptr_t)fd, *offset, whence);
  return *offset < 0 ? -1 : 0;
}

static int stream_close(void *fd) { return close((intptr_t)fd); }

static FILE *stream_of(int fd, const char *mode) {
  cookie_io_functions_t ours = {stream_read, stream_write, stream_seek, stream_close};
  FILE *stream = fopencookie((void *)(intptr_t)fd, mode, ours);
  /* For fileno; glibc itself does not look at it in a stream of this kind. */
  if (stream != NULL) stream->_fileno = fd;
  return stream;
}

/* The flags of open for a mode that writes; -1: it only reads. */
static int flags_of(const char *mode) {
  bool both = strchr(mode, '+') != NULL;
  if (mode[0] == 'r' && !both) return -1;
  int flags = both ? O_RDWR : O_WRONLY;
  if (mode[0] == 'w') flags |= O_CREAT | O_TRUNC;
  if (mode[0] == 'a') flags |= O_CREAT | O_APPEND;
  if (strchr(mode, 'x') != NULL) flags |= O_EXCL;
  if (strchr(mode, 'e') != NULL) flags |= O_CLOEXEC;
  return flags;
}

FILE *fopen(const char *path, const char *mode) {
  ready();
  if (!is_below(AT_FDCWD, path)) return real_fopen(path, mode);
  int flags = flags_of(mode);
  if (flags < 0) {
    FILE *stream = real_fopen(path, mode);
    if (stream != NULL) watch(fileno(stream));
    return stream;
  }
  int fd = open_ours(AT_FDCWD, path, flags, 0666);
  if (fd < 0) return NULL;
  FILE *stream = stream_of(fd, mode);
  if (stream == NULL) close(fd);
  return stream;
}

FILE *fdopen(int fd, const char *mode) {
  ready();
  return is_ours(fd) && flags_of(mode) >= 0 ? stream_of(fd, mode) : real_fdopen(fd, mode);
}

SAME(FILE *, fopen64, (const char *, const char *), fopen)
