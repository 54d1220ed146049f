// Loaded into the server under test: writes where a thread is, when it dies and when it is asked with SIGPROF, which
// threads of Dispatch do not block.
//
// One line a frame, "FRAME file offset": cheap enough for every death. Every thread gets a stack for its signals,
// so that a stack which overflowed says so too.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { deepest = 48, stackBytes = 1 << 16 };

static void put(const char *text) {
    if (write(2, text, strlen(text)) < 0) { _exit(99); }
}

static void frames(int number) {
    void *places[deepest];
    char line[512];
    snprintf(line, sizeof line, "TRACE %d\n", number);
    put(line);
    int count = backtrace(places, deepest);
    for (int index = 0; index < count; index++) {
        Dl_info info;
        if (dladdr(places[index], &info) && info.dli_fname) {
            unsigned long offset = (unsigned long)places[index] - (unsigned long)info.dli_fbase;
            snprintf(line, sizeof line, "FRAME %s %lx\n", info.dli_fname, offset);
        } else {
            snprintf(line, sizeof line, "FRAME ? %lx\n", (unsigned long)places[index]);
        }
        put(line);
    }
    put("END\n");
}

static void died(int number) {
    alarm(3);
    signal(number, SIG_DFL);
    frames(number);
    raise(number);
}

static void asked(int number) { frames(number); }

static void *giveStack(void) {
    stack_t stack = {.ss_sp = malloc(stackBytes), .ss_size = stackBytes, .ss_flags = 0};
    sigaltstack(&stack, NULL);
    return stack.ss_sp;
}

struct start {
    void *(*body)(void *);
    void *argument;
};

static void *begin(void *given) {
    struct start start = *(struct start *)given;
    free(given);
    void *own = giveStack();
    void *result = start.body(start.argument);
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    free(own);
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    static int (*original)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!original) { original = dlsym(RTLD_NEXT, "pthread_create"); }
    struct start *start = malloc(sizeof *start);
    *start = (struct start){body, argument};
    return original(thread, attributes, begin, start);
}

__attribute__((constructor)) static void install(void) {
    // The first call loads the unwinder, which no handler could.
    void *places[2];
    backtrace(places, 2);
    giveStack();
    int deaths[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    struct sigaction action = {.sa_flags = SA_ONSTACK | SA_NODEFER};
    action.sa_handler = died;
    for (unsigned index = 0; index < sizeof deaths / sizeof *deaths; index++) {
        sigaction(deaths[index], &action, NULL);
    }
    action.sa_handler = asked;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGPROF, &action, NULL);
}
