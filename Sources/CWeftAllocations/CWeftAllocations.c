#define _GNU_SOURCE
#include "CWeftAllocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static _Atomic uint64_t allocation_count;
static __thread uint64_t thread_heap_count;

uint64_t weft_allocation_count(void) { return atomic_load_explicit(&allocation_count, memory_order_relaxed); }

uint64_t weft_thread_heap_count(void) { return thread_heap_count; }

uint64_t weft_heap_byte_count(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void weft_allocate_once(void) {
    void *volatile memory = malloc(1);
    free(memory);
}

void weft_consume(uint64_t value) { __asm__ volatile("" : : "r"(value)); }

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define HEAP_IS_TAKEN 1  // the sanitizer's own, which can't be replaced; nothing is counted then
#endif
#endif

#ifndef HEAP_IS_TAKEN
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void count(void) {
    atomic_fetch_add_explicit(&allocation_count, 1, memory_order_relaxed);
    thread_heap_count += 1;
}

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
    count();
    return __libc_calloc(items, size);
}

void *realloc(void *memory, size_t size) {
    count();
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

void *valloc(size_t size) { return memalign((size_t)sysconf(_SC_PAGESIZE), size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *memory = memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}

void free(void *memory) {
    if (memory != NULL) thread_heap_count += 1;
    __libc_free(memory);
}
#endif
