/*
 * The floor of a fan-out: what the kernel alone costs. One thread, epoll, one write(2) of a ready frame to each member.
 *
 *     PORT=... floor WINDOW_MS
 *
 * It speaks just enough WebSocket for the load generator: GET /<session>/<participant>, then masked binary frames of
 * 25 bytes (u64 fix_time and 17 bytes of body) in, and unmasked binary frames of u64 server_time and 23 bytes a
 * position out. It is no server for anybody else: Sec-WebSocket-Accept is missing, and whatever it does not expect
 * ends the connection or, where the measurement would be worth nothing, the process.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FDS = 65536, MAX_SESSIONS = 4096, MAX_MEMBERS = 256, INPUT = 2048, FIX = 25, POSITION = 23, HEADER = 8 };

struct member {
    int fd;
    int session; /* -1 until the handshake is done */
    uint16_t participant;
    int changed;
    uint8_t fix[FIX];
    int filled;
    uint8_t input[INPUT];
};

struct session {
    int count, changed_count;
    struct member *members[MAX_MEMBERS], *changed[MAX_MEMBERS];
};

static struct member *members[MAX_FDS];
static struct session sessions[MAX_SESSIONS];
static int window_ms;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void flush(struct session *session) {
    uint8_t frame[4 + HEADER + POSITION * MAX_MEMBERS];
    const size_t body = HEADER + (size_t)POSITION * (size_t)session->changed_count;
    size_t at = 2;
    frame[0] = 0x82;
    if (body < 126) {
        frame[1] = (uint8_t)body;
    } else {
        frame[1] = 126;
        frame[2] = (uint8_t)(body >> 8);
        frame[3] = (uint8_t)body;
        at = 4;
    }
    const uint64_t now = now_ms(), server_time = htobe64(now);
    memcpy(frame + at, &server_time, 8);
    at += HEADER;
    for (int i = 0; i < session->changed_count; i++) {
        struct member *member = session->changed[i];
        uint64_t fix_time;
        memcpy(&fix_time, member->fix, 8);
        fix_time = be64toh(fix_time);
        const uint16_t participant = htons(member->participant);
        const uint32_t age = htonl(fix_time < now ? (uint32_t)(now - fix_time) : 0);
        memcpy(frame + at, &participant, 2);
        memcpy(frame + at + 2, &age, 4);
        memcpy(frame + at + 6, member->fix + 8, 17);
        at += POSITION;
        member->changed = 0;
    }
    session->changed_count = 0;
    for (int i = 0; i < session->count; i++) {
        const ssize_t written = write(session->members[i]->fd, frame, at);
        if (written < 0 && (errno == EPIPE || errno == ECONNRESET)) continue; /* read() will tell that it is gone */
        if (written != (ssize_t)at) die("floor: a member does not read");
    }
}

static void take_fix(struct member *member, const uint8_t *mask, const uint8_t *payload) {
    struct session *session = &sessions[member->session];
    for (int i = 0; i < FIX; i++) member->fix[i] = payload[i] ^ mask[i & 3];
    if (!member->changed) {
        member->changed = 1;
        session->changed[session->changed_count++] = member;
    }
    if (window_ms == 0) flush(session);
}

static void forget(struct member *member) {
    if (member->session >= 0) {
        struct session *session = &sessions[member->session];
        for (int i = 0; i < session->count; i++)
            if (session->members[i] == member) session->members[i--] = session->members[--session->count];
        for (int i = 0; i < session->changed_count; i++)
            if (session->changed[i] == member) session->changed[i--] = session->changed[--session->changed_count];
    }
    members[member->fd] = NULL;
    close(member->fd);
    free(member);
}

/* Answers a whole handshake and returns its length; 0 where it is not whole yet, -1 where it is none. */
static int shake_hands(struct member *member) {
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    const char *end = memmem(member->input, (size_t)member->filled, "\r\n\r\n", 4);
    int session, participant;
    if (end == NULL) return member->filled == INPUT ? -1 : 0;
    if (sscanf((const char *)member->input, "GET /%d/%d HTTP/1.1", &session, &participant) != 2) return -1;
    if (session < 0 || session >= MAX_SESSIONS || sessions[session].count == MAX_MEMBERS) return -1;
    if (write(member->fd, answer, sizeof answer - 1) != sizeof answer - 1) return -1;
    member->session = session;
    member->participant = (uint16_t)participant;
    sessions[session].members[sessions[session].count++] = member;
    return (int)((const uint8_t *)end - member->input) + 4;
}

/* Takes one whole frame and returns its length; 0 where it is not whole yet, -1 where it is not a fix. */
static int take_frame(struct member *member, const uint8_t *at, int left) {
    if (left >= 2 && (at[0] != 0x82 || at[1] != (0x80 | FIX))) return -1;
    if (left < 6 + FIX) return 0;
    take_fix(member, at + 2, at + 6);
    return 6 + FIX;
}

static void receive(struct member *member) {
    const ssize_t got = read(member->fd, member->input + member->filled, (size_t)(INPUT - member->filled));
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) forget(member);
        return;
    }
    member->filled += (int)got;
    int at = 0, taken;
    do {
        taken = member->session < 0 ? shake_hands(member) : take_frame(member, member->input + at, member->filled - at);
        if (taken < 0) {
            forget(member);
            return;
        }
        at += taken;
    } while (taken > 0 && at < member->filled);
    memmove(member->input, member->input + at, (size_t)(member->filled - at));
    member->filled -= at;
}

static void add(int epoll, int fd) {
    const int one = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    struct member *member = fd < MAX_FDS ? calloc(1, sizeof *member) : NULL;
    if (member == NULL) {
        close(fd);
        return;
    }
    member->fd = fd;
    member->session = -1;
    members[fd] = member;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("floor: epoll_ctl");
}

int main(int argc, char **argv) {
    const char *port = getenv("PORT");
    if (argc != 2 || port == NULL) {
        fprintf(stderr, "usage: PORT=... floor WINDOW_MS\n");
        return 2;
    }
    window_ms = atoi(argv[1]);
    signal(SIGPIPE, SIG_IGN);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) die("floor: bind");
    if (listen(listener, 1024) < 0) die("floor: listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) die("floor: epoll_ctl");
    int timer = -1;
    if (window_ms > 0) {
        const struct timespec window = {window_ms / 1000, window_ms % 1000 * 1000000L};
        const struct itimerspec interval = {window, window};
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        timerfd_settime(timer, 0, &interval, NULL);
        event.data.fd = timer;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0) die("floor: epoll_ctl");
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        const int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                int accepted;
                while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) add(epoll, accepted);
            } else if (fd == timer) {
                uint64_t expirations;
                if (read(timer, &expirations, sizeof expirations) < 0) continue;
                for (int number = 0; number < MAX_SESSIONS; number++)
                    if (sessions[number].changed_count > 0) flush(&sessions[number]);
            } else if (members[fd] != NULL) {
                receive(members[fd]);
            }
        }
    }
}
