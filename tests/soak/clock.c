/* A clock so many seconds ahead as CLOCK_AHEAD says, 8 bytes in a file: LD_PRELOAD. The monotonic clock tells the truth. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Read each time: whoever sets a clock asks no process. */
static int64_t ahead(void) {
  int before = errno;
  int64_t seconds = 0;
  int file = open(getenv("CLOCK_AHEAD"), O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, &seconds, sizeof seconds) != sizeof seconds) abort();
  close(file);
  errno = before;
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *told) {
  int failed = (int)syscall(SYS_clock_gettime, clock, told);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) told->tv_sec += ahead();
  return failed;
}

int gettimeofday(struct timeval *restrict told, void *restrict zone) {
  int failed = (int)syscall(SYS_gettimeofday, told, zone);
  if (!failed) told->tv_sec += ahead();
  return failed;
}

time_t time(time_t *told) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (told) *told = now.tv_sec;
  return now.tv_sec;
}
