// Datagrams between two network namespaces: sends at a rate and counts what arrives, or asks and waits for the answer.
//
//   datagrams flow FROM TO ADDRESS SECONDS RATE     RATE datagrams a second, 0: as fast as they can be sent
//       prints: sent, received until the last was sent, received at all, seconds that were spent sending
//   datagrams ask  FROM TO ADDRESS SECONDS 0        one request at a time, answered by a thread in TO
//       prints: answers, requests without one within a second, median and 99th percentile of the times in microseconds
//
// FROM and TO are names of namespaces, ADDRESS one that TO has. One program has both ends, a thread in each namespace, so that
// both count over the same time. The sender sleeps between its batches: on a machine whose processors are shared, spinning
// would take the processor that it measures.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 64, BATCH = 32, PORT = 7007, BUFFER = 4 << 20, MOST_ANSWERS = 4000000 };
enum { TICK = 100000, MOST_ARREARS = 5000000 };  // nanoseconds

static struct sockaddr_storage address;
static socklen_t address_length;
static const char *to;
static atomic_bool is_ready, is_over;
static atomic_ulong received;
static int answers;

static void fail(const char *what) {
    fprintf(stderr, "datagrams: cannot %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void sleep_until(uint64_t moment) {
    struct timespec time = {.tv_sec = moment / 1000000000, .tv_nsec = moment % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
}

// The calling thread goes into a namespace; sockets made from here on are there.
static void enter(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET) < 0) fail("enter the namespace");
    close(namespace);
}

static int make_socket(struct timeval patience) {
    int made = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = BUFFER;
    if (made < 0) fail("make a socket");
    setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    setsockopt(made, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return made;
}

// The far end: counts what arrives, and sends it back when answers are wanted.
static void *listen_there(void *unused) {
    static char bytes[BATCH][2048];
    struct mmsghdr messages[BATCH] = {0};
    struct iovec slices[BATCH];
    enter(to);
    int there = make_socket((struct timeval){.tv_usec = 50000});
    if (bind(there, (struct sockaddr *)&address, address_length) < 0) fail("bind to the address");
    atomic_store(&is_ready, true);
    while (!atomic_load(&is_over)) {
        if (answers) {
            struct sockaddr_storage peer;
            socklen_t length = sizeof peer;
            ssize_t count = recvfrom(there, bytes[0], sizeof bytes[0], 0, (struct sockaddr *)&peer, &length);
            if (count >= 0) sendto(there, bytes[0], count, 0, (struct sockaddr *)&peer, length);
            continue;
        }
        for (int i = 0; i < BATCH; i++) {
            slices[i] = (struct iovec){bytes[i], sizeof bytes[i]};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &slices[i], .msg_iovlen = 1};
        }
        int count = recvmmsg(there, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < count; i++)
            if (messages[i].msg_len == PAYLOAD) atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
    }
    return unused;
}

static void flow(int here, double seconds, double rate) {
    static char payload[PAYLOAD];
    struct mmsghdr messages[BATCH] = {0};
    struct iovec slice = {payload, PAYLOAD};
    for (int i = 0; i < BATCH; i++) messages[i].msg_hdr = (struct msghdr){.msg_iov = &slice, .msg_iovlen = 1};
    unsigned long sent = 0;
    double due = 0;
    uint64_t begin = now(), end = begin + seconds * 1e9, time = begin;
    while (time < end) {
        if (rate == 0) due = BATCH;
        for (; due >= 1 && now() < end; due -= 1) {
            int count = sendmmsg(here, messages, due < BATCH ? (int)due : BATCH, 0);
            if (count < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED) fail("send");
            if (count > 0) sent += count, due -= count - 1;
        }
        if (rate > 0) sleep_until(time + TICK);
        uint64_t later = now();
        // What a pause of the sender left unsent is not made up for by a burst.
        due += rate * (later - time < MOST_ARREARS ? later - time : MOST_ARREARS) / 1e9;
        if (due > rate * MOST_ARREARS / 1e9) due = rate * MOST_ARREARS / 1e9;
        time = later;
    }
    unsigned long in_time = atomic_load(&received);
    // What is under way arrives: until a tenth of a second brings nothing, but no longer than a second.
    for (int i = 0; i < 10; i++) {
        unsigned long before = atomic_load(&received);
        sleep_until(now() + 100000000);
        if (atomic_load(&received) == before) break;
    }
    printf("%lu %lu %lu %.6f\n", sent, in_time, atomic_load(&received), (time - begin) / 1e9);
}

static int ascending(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void ask(int here, double seconds) {
    uint32_t *times = malloc(MOST_ANSWERS * sizeof *times), sequence = 0;
    size_t count = 0;
    unsigned long lost = 0;
    char bytes[PAYLOAD] = {0}, answer[2048];
    if (!times) fail("keep the times");
    for (uint64_t begin = now(), end = begin + seconds * 1e9; begin < end && count < MOST_ANSWERS; begin = now()) {
        sequence++;
        memcpy(bytes, &sequence, sizeof sequence);
        ssize_t got = send(here, bytes, PAYLOAD, 0);
        // An answer to an earlier request, which counts as lost already, is not this one's.
        if (got == PAYLOAD) do got = recv(here, answer, sizeof answer, 0);
        while (got == PAYLOAD && memcmp(answer, &sequence, sizeof sequence) != 0);
        if (got != PAYLOAD) lost++;
        // A lost request took the second that it was waited for: losses show in the percentiles.
        times[count++] = now() - begin < UINT32_MAX ? now() - begin : UINT32_MAX;
    }
    qsort(times, count, sizeof *times, ascending);
    printf("%zu %lu %.2f %.2f\n", count - lost, lost, count ? times[count / 2] / 1e3 : 0, count ? times[count * 99 / 100] / 1e3 : 0);
    free(times);
}

int main(int count, char **words) {
    if (count != 7) {
        fprintf(stderr, "usage: datagrams flow|ask FROM TO ADDRESS SECONDS RATE\n");
        return 64;
    }
    answers = !strcmp(words[1], "ask");
    to = words[3];
    struct sockaddr_in *four = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
    if (inet_pton(AF_INET, words[4], &four->sin_addr) == 1) {
        four->sin_family = AF_INET, four->sin_port = htons(PORT), address_length = sizeof *four;
    } else if (inet_pton(AF_INET6, words[4], &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6, six->sin6_port = htons(PORT), address_length = sizeof *six;
    } else {
        fprintf(stderr, "datagrams: %s is no address\n", words[4]);
        return 64;
    }
    prctl(PR_SET_TIMERSLACK, 1);

    pthread_t listener;
    if (pthread_create(&listener, NULL, listen_there, NULL)) fail("start a thread");
    while (!atomic_load(&is_ready)) sleep_until(now() + 1000000);
    enter(words[2]);
    int here = make_socket((struct timeval){.tv_sec = 1});
    if (connect(here, (struct sockaddr *)&address, address_length) < 0) fail("connect");
    if (answers) ask(here, atof(words[5]));
    else flow(here, atof(words[5]), atof(words[6]));
    atomic_store(&is_over, true);
    pthread_join(listener, NULL);
    return 0;
}
