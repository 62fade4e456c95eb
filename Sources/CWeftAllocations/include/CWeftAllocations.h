#pragma once

// Counts what a program takes from the heap, by standing between it and glibc. Link it only into a program that measures:
// it replaces malloc and its kin.

#include <stdint.h>

/// Allocations of all threads since the program started.
uint64_t weft_allocation_count(void);
/// Allocations and frees of the calling thread.
uint64_t weft_thread_heap_count(void);
/// Bytes of the heap in use.
uint64_t weft_heap_byte_count(void);
/// Takes one byte from the heap and gives it back, where no compiler can leave it out.
void weft_allocate_once(void);
/// Makes a result look used.
void weft_consume(uint64_t value);
