#pragma once

// What Swift can't import from Linux and glibc: macros with casts, variadic calls, bit fields, and declarations that exist
// only under _GNU_SOURCE. Nothing here decides anything; every function is one system call, or one walk over bytes.
// Headers of `linux/` stay in the .c file: some of them collide with those of glibc in other modules.

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <spawn.h>

// MARK: Datagrams

/// One datagram of a batch, laid out as the kernel's `struct mmsghdr`.
struct weft_mmsghdr {
    struct msghdr msg_hdr;
    /// Bytes received or sent.
    unsigned int msg_len;
};

/// recvmmsg with MSG_DONTWAIT.
int weft_recvmmsg(int fd, struct weft_mmsghdr *messages, unsigned int count);
/// sendmmsg with MSG_DONTWAIT.
int weft_sendmmsg(int fd, struct weft_mmsghdr *messages, unsigned int count);
/// Attaches a filter that drops all that arrives.
int weft_drop_everything_received(int fd);
/// Datagrams the kernel dropped because the socket's buffer was full, or -1.
int64_t weft_socket_drop_count(int fd);
/// Sends `count` segments of one byte each to `address` with one UDP_SEGMENT call; bytes sent, or -1.
ssize_t weft_send_segments(int fd, const struct sockaddr *address, socklen_t address_length, unsigned int count);

/// One entry of a socket's error queue (`struct sock_extended_err`).
struct weft_socket_error {
    /// The errno; 0 when the queue is empty.
    uint32_t error;
    /// 1 this host, 2 ICMP, 3 ICMPv6.
    uint8_t origin;
    /// With EMSGSIZE the MTU.
    uint32_t info;
};
/// recvmsg with MSG_ERRQUEUE; writes where the datagram was sent to into `name`, `*name_length` bytes.
struct weft_socket_error weft_receive_error(int fd, void *name, socklen_t *name_length);

enum {
    /// Control bytes that a receive buffer needs: UDP_GRO's size and packet info of either family.
    WEFT_RECEIVE_CONTROL_BYTES = CMSG_SPACE(sizeof(int)) + CMSG_SPACE(20),
    /// Control bytes that a send with a segment size needs.
    WEFT_SEGMENT_CONTROL_BYTES = CMSG_SPACE(sizeof(uint16_t)),
};

/// Writes one UDP_SEGMENT control message into `control`, WEFT_SEGMENT_CONTROL_BYTES long and aligned as a pointer.
static inline void weft_write_segment_control(void *control, uint16_t segment_size) {
    struct cmsghdr *header = (struct cmsghdr *)control;
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof segment_size);
    memcpy(CMSG_DATA(header), &segment_size, sizeof segment_size);
}

/// What the kernel said beside a received datagram; 0 where it said nothing.
struct weft_received_control {
    int segment_size;
    int interface_index;
};

/// Reads UDP_GRO's segment size and the interface of IP_PKTINFO or IPV6_PKTINFO.
static inline struct weft_received_control weft_read_received_control(const struct msghdr *message) {
    struct weft_received_control found = {0, 0};
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
         header = CMSG_NXTHDR((struct msghdr *)message, header)) {
        const unsigned char *data = CMSG_DATA(header);
        size_t length = header->cmsg_len - CMSG_LEN(0);
        if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO && length >= sizeof(int))
            memcpy(&found.segment_size, data, sizeof(int));
        else if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO && length >= 12)
            memcpy(&found.interface_index, data, sizeof(int));  // struct in_pktinfo: the index comes first
        else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO && length >= 20)
            memcpy(&found.interface_index, data + 16, sizeof(int));  // struct in6_pktinfo: behind the address
    }
    return found;
}

// MARK: Packets

enum {
    /// Control bytes that a received packet needs: PACKET_AUXDATA.
    WEFT_PACKET_CONTROL_BYTES = CMSG_SPACE(20),
};

/// An AF_PACKET socket that receives nothing until it is bound.
int weft_packet_open(void);
/// Frames with a virtio-net header of 10 bytes, tags beside them, none of those that go out, sent past the device's queue.
int weft_packet_configure(int fd);
/// Receives and sends everything on one interface.
int weft_packet_bind(int fd, int interface_index);
/// The interface the socket is bound to; -1 when it has gone.
int weft_packet_interface(int fd);
/// SO_ATTACH_FILTER: `count` instructions, each laid out as `struct sock_filter`.
int weft_packet_filter(int fd, const uint64_t *instructions, unsigned short count);
/// SO_DETACH_FILTER.
int weft_packet_unfilter(int fd);
/// PACKET_FANOUT by a program, in a group of the kernel's choice; returns the group, or -1.
int weft_packet_start_group(int fd);
/// PACKET_FANOUT by a program, in that group.
int weft_packet_join_group(int fd, int group);
/// PACKET_FANOUT_DATA: the program of the group of `fd`, as for weft_packet_filter.
int weft_packet_spread_group(int fd, const uint64_t *instructions, unsigned short count);

/// The VLAN tag that the kernel took out of a received packet.
struct weft_packet_tag {
    bool is_present;
    uint16_t tci;
    uint16_t tpid;
};

/// Reads PACKET_AUXDATA (`struct tpacket_auxdata`): status at 0, TCI at 16, TPID at 18.
static inline struct weft_packet_tag weft_read_packet_tag(const struct msghdr *message) {
    struct weft_packet_tag tag = {false, 0, 0x8100};
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (!header || header->cmsg_level != 263 || header->cmsg_type != 8) return tag;  // SOL_PACKET, PACKET_AUXDATA
    if (header->cmsg_len < CMSG_LEN(20)) return tag;
    const unsigned char *data = CMSG_DATA((struct cmsghdr *)header);
    uint32_t status;
    memcpy(&status, data, sizeof status);
    if (!(status & 1 << 4)) return tag;  // TP_STATUS_VLAN_VALID
    tag.is_present = true;
    memcpy(&tag.tci, data + 16, sizeof tag.tci);
    if (status & 1 << 6) memcpy(&tag.tpid, data + 18, sizeof tag.tpid);  // TP_STATUS_VLAN_TPID_VALID
    return tag;
}

// MARK: TAP

/// TUNSETIFF with IFF_TAP | IFF_NO_PI and what is asked for.
int weft_tap_attach(int fd, const char *name, bool multi_queue, bool virtio_net_header, bool must_be_new);
/// TUNGETIFF: the device's present name (16 bytes) and flags.
int weft_tap_get(int fd, char *name, bool *is_tap, bool *multi_queue, bool *virtio_net_header, bool *persistent);
int weft_tap_set_header_size(int fd, int byte_count);
int weft_tap_set_offloads(int fd, unsigned int offloads);
int weft_tap_set_persistent(int fd, bool persistent);
int weft_tap_set_owner(int fd, unsigned int user);
int weft_tap_set_carrier(int fd, bool on);
/// BPF_PROG_LOAD of a socket filter, each instruction a `struct bpf_insn`; a close-on-exec descriptor, or -1.
int weft_load_socket_program(const uint64_t *instructions, unsigned int count);
/// TUNSETSTEERINGEBPF: the program's result, modulo the number of queues, chooses the queue.
int weft_tap_set_steering(int fd, int program);

// MARK: Descriptors of others

/// sendmsg of one byte, and of `fd` beside it (SCM_RIGHTS); -1 unless it was sent.
int weft_send_descriptor(int socket, int fd);

// MARK: Namespaces, processes, threads

/// unshare(CLONE_NEWNET) for the calling thread.
int weft_unshare_network(void);
/// setns(fd, CLONE_NEWNET) for the calling thread.
int weft_enter_network(int fd);
/// Gives the calling thread a mount namespace of its own, whose /sys shows its network namespace.
int weft_remount_sysfs(void);
int weft_pidfd_open(pid_t process);
int weft_pidfd_signal(int pidfd, int signal);
int weft_memfd(const char *name);
int weft_spawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path);
int weft_spawn_add_closefrom(posix_spawn_file_actions_t *actions, int first);
/// The flags that give a child default signals, no blocked ones, and, if wanted, a session of its own.
short weft_spawn_flags(bool new_session);
/// This process's environment.
char *const *weft_environment(void);
/// execvpe with no signal blocked and none ignored; returns only when it fails.
int weft_execute(const char *file, char *const arguments[], char *const environment[]);
int weft_set_thread_name(const char *name);
/// Gives back free heap, and lets go of the pages of programs' code and constants, which come back from the page cache when
/// they are used.
void weft_release_memory(void);
/// Process at the other end of a unix socket, or -1.
pid_t weft_peer_process(int fd);
/// Has the calling thread, and no other, touch files as that user with that group and no others; whether it does now.
/// What else the thread may do stays.
bool weft_touch_files_as(uid_t user, gid_t group);

// MARK: Unix sockets

/// ppoll; a negative time is one without end.
int weft_poll(struct pollfd *entries, nfds_t count, int64_t nanoseconds);
/// accept4 with SOCK_CLOEXEC and SOCK_NONBLOCK.
int weft_accept(int fd);
/// recvfrom with MSG_PEEK, MSG_DONTWAIT and MSG_TRUNC.
ssize_t weft_peek_sender(int fd, struct sockaddr *address, socklen_t *length);
