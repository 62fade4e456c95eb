#define _GNU_SOURCE
#include "CWeftLinux.h"

#include <errno.h>
#include <link.h>
#include <linux/bpf.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sock_diag.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct weft_mmsghdr) == sizeof(struct mmsghdr), "struct mmsghdr");
_Static_assert(offsetof(struct weft_mmsghdr, msg_len) == offsetof(struct mmsghdr, msg_len), "struct mmsghdr");
_Static_assert(offsetof(struct in_pktinfo, ipi_ifindex) == 0 && sizeof(struct in_pktinfo) == 12, "in_pktinfo");
_Static_assert(offsetof(struct in6_pktinfo, ipi6_ifindex) == 16 && sizeof(struct in6_pktinfo) == 20, "in6_pktinfo");

// MARK: Datagrams

int weft_recvmmsg(int fd, struct weft_mmsghdr *messages, unsigned int count) {
    return recvmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT, NULL);
}

int weft_sendmmsg(int fd, struct weft_mmsghdr *messages, unsigned int count) {
    return sendmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT);
}

int weft_drop_everything_received(int fd) {
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &nothing};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int64_t weft_socket_drop_count(int fd) {
    uint32_t facts[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof facts;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, facts, &length) != 0) return -1;
    if (length <= SK_MEMINFO_DROPS * sizeof facts[0]) return -1;
    return facts[SK_MEMINFO_DROPS];
}

ssize_t weft_send_segments(int fd, const struct sockaddr *address, socklen_t address_length, unsigned int count) {
    unsigned char bytes[256] = {0};
    if (count > sizeof bytes) return errno = EINVAL, -1;
    struct iovec slice = {bytes, count};
    _Alignas(struct cmsghdr) unsigned char control[WEFT_SEGMENT_CONTROL_BYTES] = {0};
    weft_write_segment_control(control, 1);
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = address_length, .msg_iov = &slice, .msg_iovlen = 1,
        .msg_control = control, .msg_controllen = sizeof control,
    };
    return sendmsg(fd, &message, MSG_DONTWAIT);
}

struct weft_socket_error weft_receive_error(int fd, void *name, socklen_t *name_length) {
    struct weft_socket_error found = {0, 0, 0};
    _Alignas(struct cmsghdr) unsigned char control[256];
    struct msghdr message = {
        .msg_name = name, .msg_namelen = *name_length, .msg_control = control, .msg_controllen = sizeof control,
    };
    ssize_t length;
    do length = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    while (length < 0 && errno == EINTR);
    if (length < 0) return found;
    found.error = EPROTO;  // an entry without its record
    *name_length = message.msg_namelen;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;
        bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR;
        if ((!v4 && !v6) || header->cmsg_len < CMSG_LEN(sizeof(struct sock_extended_err))) continue;
        struct sock_extended_err record;
        memcpy(&record, CMSG_DATA(header), sizeof record);
        found = (struct weft_socket_error){record.ee_errno, record.ee_origin, record.ee_info};
    }
    return found;
}

// MARK: Packets

_Static_assert(sizeof(struct tpacket_auxdata) == 20 && offsetof(struct tpacket_auxdata, tp_status) == 0, "tpacket_auxdata");
_Static_assert(offsetof(struct tpacket_auxdata, tp_vlan_tci) == 16, "tpacket_auxdata");
_Static_assert(offsetof(struct tpacket_auxdata, tp_vlan_tpid) == 18, "tpacket_auxdata");
_Static_assert(sizeof(struct bpf_insn) == sizeof(uint64_t), "struct bpf_insn");
_Static_assert(SOL_PACKET == 263 && PACKET_AUXDATA == 8, "PACKET_AUXDATA");
_Static_assert(TP_STATUS_VLAN_VALID == 1 << 4 && TP_STATUS_VLAN_TPID_VALID == 1 << 6, "TP_STATUS");

int weft_packet_open(void) { return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

int weft_packet_configure(int fd) {
    const int names[] = {PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, PACKET_AUXDATA, PACKET_QDISC_BYPASS};
    int one = 1;
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (setsockopt(fd, SOL_PACKET, names[index], &one, sizeof one) != 0) return -1;
    return 0;
}

int weft_packet_bind(int fd, int interface_index) {
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = interface_index,
    };
    return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

int weft_packet_interface(int fd) {
    struct sockaddr_ll address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return -1;
    return address.sll_ifindex;
}

_Static_assert(sizeof(struct sock_filter) == sizeof(uint64_t) && offsetof(struct sock_filter, k) == 4, "struct sock_filter");

static struct sock_fprog program_of(const uint64_t *instructions, unsigned short count) {
    return (struct sock_fprog){.len = count, .filter = (struct sock_filter *)(uintptr_t)instructions};
}

int weft_packet_filter(int fd, const uint64_t *instructions, unsigned short count) {
    struct sock_fprog program = program_of(instructions, count);
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int weft_packet_unfilter(int fd) {
    int unused = 0;
    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}

int weft_packet_start_group(int fd) {
    uint32_t group = (uint32_t)(PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
    if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, sizeof group) != 0) return -1;
    socklen_t length = sizeof group;
    if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, &length) != 0) return -1;
    return (int)(group & 0xFFFF);
}

int weft_packet_join_group(int fd, int group) {
    uint32_t wanted = (uint32_t)PACKET_FANOUT_CBPF << 16 | (uint32_t)(group & 0xFFFF);
    return setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &wanted, sizeof wanted);
}

int weft_packet_spread_group(int fd, const uint64_t *instructions, unsigned short count) {
    struct sock_fprog program = program_of(instructions, count);
    return setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof program);
}

// MARK: TAP

static void set_name(struct ifreq *request, const char *name) { strncpy(request->ifr_name, name, IFNAMSIZ - 1); }

int weft_tap_attach(int fd, const char *name, bool multi_queue, bool virtio_net_header, bool must_be_new) {
    struct ifreq request = {0};
    set_name(&request, name);
    int flags = IFF_TAP | IFF_NO_PI;
    if (multi_queue) flags |= IFF_MULTI_QUEUE;
    if (virtio_net_header) flags |= IFF_VNET_HDR;
    if (must_be_new) flags |= IFF_TUN_EXCL;
    request.ifr_flags = (short)flags;
    return ioctl(fd, TUNSETIFF, &request);
}

int weft_tap_get(int fd, char *name, bool *is_tap, bool *multi_queue, bool *virtio_net_header, bool *persistent) {
    struct ifreq request = {0};
    if (ioctl(fd, TUNGETIFF, &request) != 0) return -1;
    memcpy(name, request.ifr_name, IFNAMSIZ);
    *is_tap = request.ifr_flags & IFF_TAP;
    *multi_queue = request.ifr_flags & IFF_MULTI_QUEUE;
    *virtio_net_header = request.ifr_flags & IFF_VNET_HDR;
    *persistent = request.ifr_flags & IFF_PERSIST;
    return 0;
}

int weft_tap_set_header_size(int fd, int byte_count) {
    int little_endian = 1;
    if (ioctl(fd, TUNSETVNETLE, &little_endian) != 0) return -1;
    return ioctl(fd, TUNSETVNETHDRSZ, &byte_count);
}

int weft_tap_set_offloads(int fd, unsigned int offloads) { return ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads); }

int weft_tap_set_persistent(int fd, bool persistent) { return ioctl(fd, TUNSETPERSIST, (unsigned long)persistent); }

int weft_tap_set_owner(int fd, unsigned int user) { return ioctl(fd, TUNSETOWNER, (unsigned long)user); }

int weft_tap_set_carrier(int fd, bool on) {
    unsigned int carrier = on;
    return ioctl(fd, TUNSETCARRIER, &carrier);
}

int weft_send_descriptor(int socket, int fd) {
    char byte = 0;
    struct iovec slice = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &slice, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int weft_load_socket_program(const uint64_t *instructions, unsigned int count) {
    union bpf_attr request = {
        .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = count, .insns = (uintptr_t)instructions,
        .license = (uintptr_t)"",
    };
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &request, sizeof request);
}

int weft_tap_set_steering(int fd, int program) { return ioctl(fd, TUNSETSTEERINGEBPF, &program); }

// MARK: Namespaces, processes, threads

int weft_unshare_network(void) { return unshare(CLONE_NEWNET); }

int weft_enter_network(int fd) { return setns(fd, CLONE_NEWNET); }

int weft_remount_sysfs(void) {
    if (unshare(CLONE_NEWNS) != 0) return -1;
    if (mount("", "/", "none", MS_SLAVE | MS_REC, NULL) != 0) return -1;
    if (umount2("/sys", MNT_DETACH) != 0 && errno != EINVAL) return -1;  // EINVAL: nothing is mounted there
    return mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

int weft_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int weft_pidfd_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

int weft_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int weft_spawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int weft_spawn_add_closefrom(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

short weft_spawn_flags(bool new_session) {
    return POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (new_session ? POSIX_SPAWN_SETSID : 0);
}

char *const *weft_environment(void) { return environ; }

int weft_execute(const char *file, char *const arguments[], char *const environment[]) {
    // A program starts with handlers gone by itself, but with what was ignored and blocked still so.
    bool ignored[NSIG] = {false};
    struct sigaction action;
    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &action) != 0 || action.sa_handler != SIG_IGN) continue;
        ignored[number] = signal(number, SIG_DFL) != SIG_ERR;
    }
    sigset_t none, before;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, &before);
    execvpe(file, arguments, environment);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (int number = 1; number < NSIG; number++)
        if (ignored[number]) signal(number, SIG_IGN);
    return errno = error, -1;
}

int weft_set_thread_name(const char *name) { return pthread_setname_np(pthread_self(), name); }

pid_t weft_peer_process(int fd) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
    return credentials.pid;
}

static int release_object(struct dl_phdr_info *object, size_t size, void *argument) {
    (void)size, (void)argument;
    // The program itself has no name here, the kernel's own object no path.
    if (object->dlpi_name[0] != '\0' && object->dlpi_name[0] != '/') return 0;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[index];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W)) continue;
        uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + page - 1) & ~(page - 1);
        // Never written, so that the file has all there is.
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void weft_release_memory(void) {
    malloc_trim(0);
    dl_iterate_phdr(release_object, NULL);
}

bool weft_touch_files_as(uid_t user, gid_t group) {
    // The C library would have all threads do this; the system calls are for the calling one.
    if (user != 0 && syscall(SYS_setgroups, 0, NULL) != 0) return false;
    int dumpable = prctl(PR_GET_DUMPABLE);
    syscall(SYS_setfsgid, group);
    syscall(SYS_setfsuid, user);
    // Other identities than those of the process had the kernel think of secrets.
    if (dumpable == 1) prctl(PR_SET_DUMPABLE, 1);
    return (gid_t)syscall(SYS_setfsgid, -1) == group && (uid_t)syscall(SYS_setfsuid, -1) == user;
}

int weft_poll(struct pollfd *entries, nfds_t count, int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(entries, count, nanoseconds < 0 ? NULL : &time, NULL);
}

int weft_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

ssize_t weft_peek_sender(int fd, struct sockaddr *address, socklen_t *length) {
    return recvfrom(fd, NULL, 0, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC, address, length);
}
