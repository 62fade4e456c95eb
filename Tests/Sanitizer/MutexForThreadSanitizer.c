// Tells the thread sanitizer about the locks of `Synchronization.Mutex`.
//
// When two threads meet at a Mutex, it is taken and given back inside libswiftSynchronization, which is not built with the
// sanitizer: it then sees neither, and takes what the lock protects for unprotected. Preloaded, this stands before those two
// functions and says what they do. Nothing is suppressed, so an access without the lock is still found. `Scripts/test` builds
// and preloads it for its step `tsan`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Of the sanitizer; missing in programs that tests start, which are not built with it.
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef void LockSlow(uint32_t thread, SELF void *self) SWIFT;
typedef void UnlockSlow(SELF void *self) SWIFT;

SWIFT void lock_slow(uint32_t thread, SELF void *self) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF void *self) __asm__(UNLOCK_SLOW);

static LockSlow *real_lock;
static UnlockSlow *real_unlock;

static void *find(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) {
        fprintf(stderr, "%s is not in libswiftSynchronization; has Mutex changed?\n", name);
        abort();
    }
    return function;
}

SWIFT void lock_slow(uint32_t thread, SELF void *self) {
    if (!real_lock) real_lock = (LockSlow *)find(LOCK_SLOW);
    real_lock(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF void *self) {
    if (!real_unlock) real_unlock = (UnlockSlow *)find(UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(self);
    real_unlock(self);
}
