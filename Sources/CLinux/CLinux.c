#define _GNU_SOURCE 1
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

_Static_assert(clinux_readable == EPOLLIN, "EPOLLIN");
_Static_assert(clinux_writable == EPOLLOUT, "EPOLLOUT");
_Static_assert(clinux_failed == EPOLLERR, "EPOLLERR");
_Static_assert(clinux_hung_up == EPOLLHUP, "EPOLLHUP");
_Static_assert(clinux_peer_closed == EPOLLRDHUP, "EPOLLRDHUP");
_Static_assert(clinux_exclusive == EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE");
_Static_assert(clinux_epoll_add == EPOLL_CTL_ADD, "EPOLL_CTL_ADD");
_Static_assert(clinux_epoll_remove == EPOLL_CTL_DEL, "EPOLL_CTL_DEL");
_Static_assert(clinux_epoll_modify == EPOLL_CTL_MOD, "EPOLL_CTL_MOD");

int clinux_listen(const char *host, uint16_t port, int backlog) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct sockaddr *address;
    socklen_t length;
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        address = (const struct sockaddr *)&four;
        length = sizeof four;
    } else if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
        address = (const struct sockaddr *)&six;
        length = sizeof six;
    } else {
        return -2;
    }
    int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    int one = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    // Accepted sockets inherit it.
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // In seconds: until the first repetition of the handshake's second step.
    setsockopt(descriptor, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one);
    if (bind(descriptor, address, length) < 0 || listen(descriptor, backlog) < 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

int clinux_local_port(int socket) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(socket, (struct sockaddr *)&storage, &length) < 0) return -1;
    if (storage.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&storage)->sin_port);
    return ntohs(((struct sockaddr_in6 *)&storage)->sin6_port);
}

int clinux_peer_address(int socket, uint64_t *high, uint64_t *low) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    unsigned char bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (getpeername(socket, (struct sockaddr *)&storage, &length) < 0) return -1;
    if (storage.ss_family == AF_INET)
        memcpy(bytes + 12, &((struct sockaddr_in *)&storage)->sin_addr, 4);
    else if (storage.ss_family == AF_INET6)
        memcpy(bytes, &((struct sockaddr_in6 *)&storage)->sin6_addr, 16);
    else
        return -1;
    memcpy(high, bytes, 8);
    memcpy(low, bytes + 8, 8);
    return 0;
}

int clinux_connect(const char *host, const char *port, int milliseconds) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
    int result = -1;
    for (struct addrinfo *one = found; one != NULL && result < 0; one = one->ai_next) {
        result = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (result < 0) continue;
        setsockopt(result, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        setsockopt(result, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(result, one->ai_addr, one->ai_addrlen) == 0) break;
        close(result);
        result = -1;
    }
    freeaddrinfo(found);
    return result;
}

int clinux_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

ssize_t clinux_send(int socket, const void *first, size_t first_count,
                    const void *second, size_t second_count) {
    if (second_count == 0) return send(socket, first, first_count, MSG_NOSIGNAL);
    struct iovec parts[2] = {
        {.iov_base = (void *)first, .iov_len = first_count},
        {.iov_base = (void *)second, .iov_len = second_count},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

void clinux_receive_low_water(int socket, int count) {
    int room = 0;
    socklen_t length = sizeof room;
    getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &room, &length);
    if (count > room / 4) count = room / 4;
    if (count < 1) count = 1;
    setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &count, sizeof count);
}

int clinux_spare_descriptor(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int clinux_epoll_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int milliseconds) {
    struct epoll_event ready[256];
    if (capacity > 256) capacity = 256;
    int count = epoll_wait(epoll, ready, capacity, milliseconds);
    for (int index = 0; index < count; index++) {
        events[index].token = ready[index].data.u64;
        events[index].events = ready[index].events;
    }
    return count;
}

int clinux_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void clinux_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {}
}

void clinux_eventfd_clear(int descriptor) {
    uint64_t value;
    while (read(descriptor, &value, sizeof value) < 0 && errno == EINTR) {}
}

// glibc takes blocks above a threshold from the system one by one, and raises it, up to 32 MB, to the largest block freed:
// then bodies of that size are cut from its arenas, each of which keeps twice as much. A fixed threshold returns those at once.
// Smaller ones stay for those that follow, as taking memory from the system anew costs more than filling it.
void clinux_return_large_memory(void) {
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
#endif
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
