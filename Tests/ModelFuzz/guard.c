// Loaded into the server under test by --guard: memory whose ends lie before pages that nobody may touch.
//
// What is written or read behind a block traps at once instead of corrupting another, and so does what was freed: its
// addresses are never used again. Blocks begin where their alignment lets their end come next to the page.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static const size_t page = 4096, smallest = 200, largest = (size_t)1 << 34, space = (size_t)1 << 43;
// Each block is a mapping of its own, of which the kernel allows 65,530.
static const long most = 25000;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *begin, *next;
static atomic_long live;

// Before each block's first page lies one with this.
struct head {
    size_t size, bytes;
    char *place;
};

static size_t rounded(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

static int isGuarded(const void *block) {
    return begin && (const char *)block >= begin && (const char *)block < begin + space;
}

static struct head *headOf(void *block) {
    // The head's page is found from the block's: blocks shorter than a page lie in the page behind it.
    char *first = (char *)((uintptr_t)block / page * page);
    return (struct head *)(first - page);
}

static void *guarded(size_t size, size_t alignment) {
    if (size < smallest || size > largest || alignment > page || live > most) { return NULL; }
    if (alignment < 16) { alignment = 16; }
    size_t length = rounded(size, alignment), bytes = rounded(length, page);
    pthread_mutex_lock(&lock);
    if (!begin) {
        char *made = mmap(NULL, space, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (made == MAP_FAILED) {
            pthread_mutex_unlock(&lock);
            return NULL;
        }
        begin = next = made;
    }
    char *place = next;
    size_t taken = bytes + 2 * page;
    if (place + taken > begin + space) {
        pthread_mutex_unlock(&lock);
        return NULL;
    }
    next += taken;
    pthread_mutex_unlock(&lock);
    if (mprotect(place, page + bytes, PROT_READ | PROT_WRITE) != 0) { return NULL; }
    live++;
    *(struct head *)place = (struct head){.size = length, .bytes = page + bytes, .place = place};
    return place + page + bytes - length;
}

static void release(void *block) {
    struct head *head = headOf(block);
    char *place = head->place;
    size_t bytes = head->bytes;
    // Fresh pages without rights: the memory goes back, the addresses stay taken.
    mmap(place, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    live--;
}

void *malloc(size_t size) {
    void *made = guarded(size, 16);
    if (made) { memset(made, 0xA5, size < 65536 ? size : 65536); }
    return made ? made : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *made = guarded(bytes, 16);
    return made ? made : __libc_calloc(count, size);
}

void free(void *block) {
    int kept = errno;
    if (isGuarded(block)) {
        release(block);
    } else {
        __libc_free(block);
    }
    errno = kept;
}

void *memalign(size_t alignment, size_t size) {
    void *made = guarded(size, alignment);
    return made ? made : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **place, size_t alignment, size_t size) {
    void *made = memalign(alignment, size);
    if (!made) { return ENOMEM; }
    *place = made;
    return 0;
}

size_t malloc_usable_size(void *block) {
    if (isGuarded(block)) { return headOf(block)->size; }
    if (!block) { return 0; }
    // glibc keeps a chunk's size, with three flags, before the block.
    size_t chunk = ((size_t *)block)[-1];
    return (chunk & ~(size_t)7) - ((chunk & 2) ? 16 : 8);
}

void *realloc(void *block, size_t size) {
    if (!block) { return malloc(size); }
    if (!isGuarded(block)) {
        if (size < smallest) { return __libc_realloc(block, size); }
        void *made = malloc(size);
        if (!made) { return NULL; }
        size_t old = malloc_usable_size(block);
        memcpy(made, block, old < size ? old : size);
        free(block);
        return made;
    }
    size_t old = headOf(block)->size;
    void *made = malloc(size);
    if (!made) { return NULL; }
    memcpy(made, block, old < size ? old : size);
    free(block);
    return made;
}
