/* Set-up, the table of descriptors, the journal. disk-faults.h says what all of it is for. */
#include "disk-faults.h"
#include <dlfcn.h>
#include <stdlib.h>

#define DESCRIPTORS_MAX (1 << 20)
#define LOCKS 256
#define RECORD_MAGIC 0x314a4644u /* "DFJ1" */

#define DEFINE_REAL(result, name, parameters) result(*real_##name) parameters;
REAL_FUNCTIONS(DEFINE_REAL)

struct state *state;
int journal = -1;
static char folder[PATH_MAX]; /* canonical, with a slash at its end; empty: none */
static pthread_mutex_t locks[LOCKS];
/* By descriptor: the file that it stands for (`key_of`), 0 for none of ours. */
static _Atomic uint64_t descriptors[DESCRIPTORS_MAX];

static _Noreturn void die(const char *what) {
  dprintf(STDERR_FILENO, "disk-faults: %s: %s\n", what, strerror(errno));
  abort();
}

void count(_Atomic uint64_t *counter) { atomic_fetch_add(counter, 1); }

int fail(_Atomic uint64_t *counter, int error) {
  count(counter);
  errno = error;
  return -1;
}

/* Set-up -------------------------------------------------------------------------------------- */

static void lock_all(void) {
  for (int i = 0; i < LOCKS; i++) pthread_mutex_lock(&locks[i]);
}

static void unlock_all(void) {
  for (int i = 0; i < LOCKS; i++) pthread_mutex_unlock(&locks[i]);
}

static void map_state(const char *path) {
  int fd = path == NULL ? -1 : real_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  struct stat file;
  if (fd < 0 || fstat(fd, &file) != 0) die("cannot open the file of DISK_FAULTS_STATE");
  if (file.st_size < (off_t)sizeof(struct state)) die("DISK_FAULTS_STATE is too short");
  state = real_mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (state == MAP_FAILED) die("cannot map the file of DISK_FAULTS_STATE");
  real_close(fd);
}

static void set_up(void) {
#define LOOK_UP_REAL(result, name, parameters)                 \
  *(void **)&real_##name = dlsym(RTLD_NEXT, #name);            \
  if (real_##name == NULL) die("libc has no function " #name);
  REAL_FUNCTIONS(LOOK_UP_REAL)

  const char *wanted = getenv("DISK_FAULTS_DIR");
  if (wanted == NULL || *wanted == '\0') return;
  for (int i = 0; i < LOCKS; i++) pthread_mutex_init(&locks[i], NULL);
  pthread_atfork(lock_all, unlock_all, unlock_all);
  map_state(getenv("DISK_FAULTS_STATE"));
  const char *path = getenv("DISK_FAULTS_JOURNAL");
  if (path != NULL && *path != '\0') {
    journal = real_openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (journal < 0) die("cannot open the file of DISK_FAULTS_JOURNAL");
  }
  /* Last: from here on files are concerned. */
  char canonical[PATH_MAX];
  if (realpath(wanted, canonical) == NULL) die("cannot find the folder of DISK_FAULTS_DIR");
  if (strlen(canonical) + 2 > sizeof folder) die("the path of DISK_FAULTS_DIR is too long");
  strcat(strcpy(folder, canonical), "/");
}

/* At the start, so that a mistake in the environment is told at once. */
__attribute__((constructor)) void ready(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_up);
}

/* Which files --------------------------------------------------------------------------------- */

bool has_folder(void) { return folder[0] != '\0'; }

/* The folder that relative paths begin at; false: none. */
static bool base_of(int at, char path[PATH_MAX]) {
  if (at == AT_FDCWD) return getcwd(path, PATH_MAX) != NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", at);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = '\0';
  return length > 0;
}

/* The canonical path of a file whose folder exists. */
static bool canonical_of(char *path, char canonical[PATH_MAX + NAME_MAX + 2]) {
  if (realpath(path, canonical) != NULL) return true;
  char *name = strrchr(path, '/') + 1;
  name[-1] = '\0';
  if (strlen(name) > NAME_MAX) return false;
  if (realpath(path[0] == '\0' ? "/" : path, canonical) == NULL) return false;
  strcat(strcat(canonical, "/"), name);
  return true;
}

bool is_below(int at, const char *path) {
  char whole[2 * PATH_MAX], canonical[PATH_MAX + NAME_MAX + 3];
  if (!has_folder() || path == NULL || strlen(path) >= PATH_MAX) return false;
  whole[0] = '\0';
  if (path[0] != '/') {
    if (!base_of(at, whole)) return false;
    strcat(whole, "/");
  }
  strcat(whole, path);
  if (!canonical_of(whole, canonical)) return false;
  strcat(canonical, "/");
  return strncmp(canonical, folder, strlen(folder)) == 0;
}

static uint64_t key_of(const struct stat *file) {
  return (file->st_ino * 0x9e3779b97f4a7c15u + file->st_dev) | 1;
}

void watch(int fd) {
  struct stat file;
  if (fd < 0 || fstat(fd, &file) != 0 || !(S_ISREG(file.st_mode) || S_ISDIR(file.st_mode))) return;
  if (fd >= DESCRIPTORS_MAX) die("a descriptor past the table");
  atomic_store(&descriptors[fd], key_of(&file));
}

void unwatch(int fd) {
  if (may_be_ours(fd)) atomic_store(&descriptors[fd], 0);
}

bool may_be_ours(int fd) {
  return fd >= 0 && fd < DESCRIPTORS_MAX && atomic_load(&descriptors[fd]) != 0;
}

bool is_ours(int fd) {
  struct stat file;
  pthread_mutex_t *lock = lock_file(fd, &file);
  if (lock != NULL) pthread_mutex_unlock(lock);
  return lock != NULL;
}

pthread_mutex_t *lock_file(int fd, struct stat *file) {
  if (!may_be_ours(fd)) return NULL;
  uint64_t key = atomic_load(&descriptors[fd]);
  pthread_mutex_t *lock = &locks[(key >> 1) % LOCKS];
  pthread_mutex_lock(lock);
  if (fstat(fd, file) == 0 && key_of(file) == key) return lock;
  pthread_mutex_unlock(lock);
  /* It was closed behind our back (inside of fclose, say), and its number means another file. */
  atomic_compare_exchange_strong(&descriptors[fd], &key, 0);
  return NULL;
}

/* The journal --------------------------------------------------------------------------------- */

static uint32_t fnv1a(uint32_t hash, const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * 16777619u;
  return hash;
}

static void append(struct record *record, void *saved) {
  size_t head = offsetof(struct record, kind);
  record->magic = RECORD_MAGIC;
  uint32_t hash = fnv1a(2166136261u, (char *)record + head, sizeof *record - head);
  record->checksum = fnv1a(hash, saved, record->saved);
  struct iovec parts[2] = {{record, sizeof *record}, {saved, record->saved}};
  ssize_t written = real_writev(journal, parts, 2);
  if (written != (ssize_t)(sizeof *record + record->saved)) die("cannot write the journal");
}

void mark(enum kind kind, const struct stat *file, uint64_t change) {
  if (journal < 0) return;
  struct record record = {
      .kind = kind, .change = change, .device = file->st_dev, .inode = file->st_ino};
  append(&record, NULL);
}

/* The bytes [start, end) as they are; NULL for none. Whoever asks frees them. */
static char *read_back(int fd, off_t start, off_t end) {
  if (end <= start) return NULL;
  char *bytes = malloc(end - start);
  if (bytes == NULL) die("no memory for what is overwritten");
  for (off_t at = start; at < end;) {
    ssize_t got = pread(fd, bytes + (at - start), end - at, at);
    if (got <= 0) die("cannot read what is overwritten");
    at += got;
  }
  return bytes;
}

uint64_t save(enum kind kind, int fd, const struct stat *file, off_t offset, size_t length) {
  if (journal < 0) return 0;
  off_t end = file->st_size;
  if (kind == WRITE && offset + (off_t)length < end) end = offset + (off_t)length;
  char *saved = read_back(fd, offset, end);
  struct record record = {.kind = kind,
                          .change = atomic_fetch_add(&state->changes, 1) + 1,
                          .device = file->st_dev,
                          .inode = file->st_ino,
                          .offset = offset,
                          .length = length,
                          .old_size = file->st_size,
                          .saved = end > offset ? end - offset : 0};
  append(&record, saved);
  free(saved);
  return record.change;
}
