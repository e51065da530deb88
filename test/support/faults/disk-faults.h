/*
 * disk-faults.so, loaded with LD_PRELOAD: a disk that is slow, full or broken, and that forgets at
 * a power cut what was not synced. For Linux with glibc, 64 bits; for Node and what it loads.
 *
 *   gcc -Wall -Wextra -shared -fPIC -O2 -U_FORTIFY_SOURCE -o disk-faults.so *.c -ldl -pthread
 *
 * The environment chooses (disk-faults.ts sets all of it):
 *   DISK_FAULTS_DIR      The folder whose files are concerned, also those further below; it exists.
 *                        Everything else passes through. Unset: the library does nothing.
 *   DISK_FAULTS_STATE    A file of at least sizeof(struct state) bytes, outside of that folder,
 *                        with the settings of the faults and the counters. It is mapped: a setting
 *                        takes effect with the next call, and the counters survive SIGKILL.
 *   DISK_FAULTS_JOURNAL  The undo journal, outside of that folder; created if missing, continued
 *                        if not. Unset: no power loss, and its cost is saved.
 *   UV_USE_IO_URING      Set it to 0: what goes through io_uring is not seen. (io_uring_setup is
 *                        refused as well.)
 *
 * 1. Delay. fsync, fdatasync and a write through O_DSYNC or O_SYNC take so much longer.
 * 2. Power loss. Whatever changes the bytes or the size of a file is written to the journal first,
 *    with what it overwrites; then come marks for what is durable. power-loss.ts rolls back.
 *      - A successful fsync or fdatasync, through whatever descriptor, makes durable what was
 *        written to that file before the call began. sync, syncfs, sync_file_range and msync do
 *        not count.
 *      - A write through O_DSYNC, O_SYNC, RWF_DSYNC or RWF_SYNC is durable when it returns, alone.
 *      - A sync that fails leaves what was not synced in memory but off the disk for good, as on
 *        Linux: a later sync that succeeds does not bring it there.
 *      - Names are durable at once and in order: create, rename, unlink, mkdir. Contents are not,
 *        so a file that was created and never synced is there, and empty.
 * 3. Failures. Writes fail with ENOSPC when their budget of bytes is used up (the last one is
 *    short), or with an errno of choice; so may syncs, and the creation of files and folders.
 * 4. Counting: see `struct state`.
 *
 * Invariants:
 *   I1. The undo entry is in the journal (one write(2)) before the change begins, so SIGKILL may
 *       come between any two instructions; of a half-written last entry no change has begun.
 *   I2. Entries of one file stand in the journal in the order of its changes: both happen under
 *       the lock of that file. The lock is the process's own: two processes must not write one
 *       file at the same time. (One after the other is fine.)
 *   I3. A mark names the last change that had returned when the sync began.
 *   I4. When an inode's number is given to another file, its older entries are void: FORGET.
 *
 * Not seen: descriptors that are inherited, or made by dup, fcntl or mkstemp; clones (FICLONE);
 * stores into a mapping (`writable_mappings` counts those that could). Refused, so that the caller
 * takes a way that is seen: fallocate, sendfile and copy_file_range to such a file. A file that is
 * opened for writing only is opened for reading, too: the journal reads what it overwrites.
 *
 * disk-faults.c has the set-up, the table of descriptors and the journal; the others have the
 * functions of libc that stand in the way: writes.c, names.c (open and close, too), streams.c and
 * detours.c.
 */
#ifndef DISK_FAULTS_H
#define DISK_FAULTS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Words of 8 bytes in the machine's order; disk-faults.ts has the same list. */
struct state {
  /* Settings: written by the test. An errno of 0 is none. */
  _Atomic uint64_t sync_delay_us;
  _Atomic uint64_t bytes_max; /* what `bytes` may come to before the disk is full */
  _Atomic uint64_t write_errno;
  _Atomic uint64_t sync_errno;
  _Atomic uint64_t create_errno;
  /* Counters: written by the library. */
  _Atomic uint64_t changes; /* the number of the last entry in the journal */
  _Atomic uint64_t bytes;   /* written */
  _Atomic uint64_t writes;
  _Atomic uint64_t synced_writes; /* of these, through O_DSYNC or O_SYNC */
  _Atomic uint64_t syncs;         /* fsync and fdatasync, of files and folders */
  _Atomic uint64_t failed_writes;
  _Atomic uint64_t failed_syncs;
  _Atomic uint64_t failed_creates;
  _Atomic uint64_t writable_mappings;
  /* Counters of what power losses dropped: written by disk-faults.ts. */
  _Atomic uint64_t dropped_writes;
  _Atomic uint64_t dropped_bytes;
};

/* One entry of the journal; power-loss.ts reads it. `saved` bytes follow it. */
struct record {
  uint32_t magic;
  uint32_t checksum; /* FNV-1a of everything behind it, the saved bytes included */
  uint64_t kind;
  uint64_t change; /* WRITE, RESIZE: its number; marks: see there */
  uint64_t device;
  uint64_t inode;
  uint64_t offset; /* WRITE: where; RESIZE: the new size */
  uint64_t length; /* WRITE: bytes, at most */
  uint64_t old_size;
  uint64_t saved; /* bytes that the change overwrites or cuts off, as they were */
};

enum kind {
  WRITE = 1,
  RESIZE = 2,
  SYNCED = 3,      /* changes of this file up to number `change` are durable */
  SYNC_FAILED = 4, /* those of them that are not durable yet never will be */
  DURABLE = 5,     /* change number `change` is durable */
  FORGET = 6,      /* what the journal says of this inode is about a file that is gone */
};

/* Ours alone: a program's own `save` or `watch` is not to be replaced. */
#pragma GCC visibility push(hidden)

/* libc's own functions, as `real_<name>`. */
#define REAL_FUNCTIONS(X)                                                     \
  X(int, openat, (int, const char *, int, ...))                               \
  X(int, close, (int))                                                        \
  X(ssize_t, write, (int, const void *, size_t))                              \
  X(ssize_t, writev, (int, const struct iovec *, int))                        \
  X(ssize_t, pwrite, (int, const void *, size_t, off_t))                      \
  X(ssize_t, pwritev, (int, const struct iovec *, int, off_t))                \
  X(ssize_t, pwritev2, (int, const struct iovec *, int, off_t, int))          \
  X(int, ftruncate, (int, off_t))                                             \
  X(int, truncate, (const char *, off_t))                                     \
  X(int, fsync, (int))                                                        \
  X(int, fdatasync, (int))                                                    \
  X(int, unlink, (const char *))                                              \
  X(int, unlinkat, (int, const char *, int))                                  \
  X(int, remove, (const char *))                                              \
  X(int, renameat, (int, const char *, int, const char *))                    \
  X(int, renameat2, (int, const char *, int, const char *, unsigned))         \
  X(int, mkdirat, (int, const char *, mode_t))                                \
  X(FILE *, fopen, (const char *, const char *))                              \
  X(FILE *, fdopen, (int, const char *))                                      \
  X(void *, mmap, (void *, size_t, int, int, int, off_t))                     \
  X(int, fallocate, (int, int, off_t, off_t))                                 \
  X(int, posix_fallocate, (int, off_t, off_t))                                \
  X(ssize_t, sendfile, (int, int, off_t *, size_t))                           \
  X(ssize_t, copy_file_range, (int, off_t *, int, off_t *, size_t, unsigned)) \
  X(long, syscall, (long, ...))

#define DECLARE_REAL(result, name, parameters) extern result(*real_##name) parameters;
REAL_FUNCTIONS(DECLARE_REAL)

extern struct state *state;
extern int journal; /* its descriptor; -1: none */

/* Sets up, once. Whatever stands in the way of libc begins with it: constructors may call us. */
void ready(void);

/* False: there is no folder, so nothing is concerned. */
bool has_folder(void);

/* Whether a path, of a file that exists or not, leads to the folder or below it. */
bool is_below(int at, const char *path);

/* From now on what happens through this descriptor concerns us; and no longer. */
void watch(int fd);
void unwatch(int fd);

/* Quick: true may be wrong, if the descriptor was closed without our seeing it. */
bool may_be_ours(int fd);
bool is_ours(int fd);

/* Locks the file of a descriptor and says how it is. NULL, and nothing is locked: not ours. */
pthread_mutex_t *lock_file(int fd, struct stat *file);

/*
 * Journals what a change is about to destroy; answers its number. `offset` and `length` are those
 * of the write, or `offset` is the new size. The file is locked, and `file` is how it is.
 */
uint64_t save(enum kind kind, int fd, const struct stat *file, off_t offset, size_t length);

void mark(enum kind kind, const struct stat *file, uint64_t change);

void count(_Atomic uint64_t *counter);

/* Counts, sets errno, answers -1. */
int fail(_Atomic uint64_t *counter, int error);

/* open for a file below the folder. */
int open_ours(int at, const char *path, int flags, mode_t mode);

#pragma GCC visibility pop

/* With 64 bits both are the same. */
#define SAME(result, name, parameters, as) \
  extern result name parameters __attribute__((alias(#as)));

#endif
