// What Swift cannot import from the Linux headers: macros, unions, variadic and _GNU_SOURCE calls.
// Every function returns what the system call returns; errno tells why it is -1.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A listening, non-blocking socket bound to a numeric IPv4 or IPv6 address; -2 if `host` is neither.
// It has a connection to accept when its client has sent something, or after about a second.
int clinux_listen(const char *host, uint16_t port, int backlog);

// The port a socket is bound to.
int clinux_local_port(int socket);

// The 16 bytes, in network order, of the address a socket is connected to; IPv4 as IPv6 maps it.
int clinux_peer_address(int socket, uint64_t *high, uint64_t *low);

// A blocking socket connected to a host by name or number, whose every step takes at most `milliseconds`.
int clinux_connect(const char *host, const char *port, int milliseconds);

// A new connection of a listening socket: non-blocking, closed on exec; Nagle's delay is off as on the listener.
int clinux_accept(int listener);

// Sends two runs of bytes as one segment where they fit; a client gone is no signal.
ssize_t clinux_send(int socket, const void *first, size_t first_count,
                    const void *second, size_t second_count);

// Makes a socket readable only when it holds `count` bytes or has ended; at most a quarter of what the kernel keeps
// for it, so that its peer need not stop sending.
void clinux_receive_low_water(int socket, int count);

// A file descriptor that can be given up when none is left.
int clinux_spare_descriptor(void);

enum { clinux_epoll_add = 1, clinux_epoll_remove = 2, clinux_epoll_modify = 3 };
enum {
    clinux_readable = 0x001,
    clinux_writable = 0x004,
    clinux_failed = 0x008,
    clinux_hung_up = 0x010,
    clinux_peer_closed = 0x2000,
    clinux_exclusive = 1 << 28,
};

struct clinux_event {
    uint64_t token;
    uint32_t events;
};

int clinux_epoll_create(void);
int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);

// Waits at most `milliseconds` (-1: for ever) for at most 256 events.
int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int milliseconds);

// A counter that is readable while it is not zero.
int clinux_eventfd(void);
void clinux_eventfd_signal(int descriptor);
void clinux_eventfd_clear(int descriptor);

// Has large blocks of memory go back to the system as soon as they are freed, whatever was freed before.
void clinux_return_large_memory(void);

// What tools call the calling thread; 15 bytes at most.
void clinux_name_thread(const char *name);

#endif
