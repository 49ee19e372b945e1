/* The program of sample images: it needs no library, no shell and no base image.

   make -C local/lightsail_local/samples/program

   httpd -f -h DIR   serves DIR/index.html to every request, on $PORT or 80; /exit ends it
   httpd crash TEXT  says why it cannot start, and ends with 1
   httpd unhealthy   answers 503 to every request
   httpd ask PORT    shows what 127.0.0.1:PORT answers, until it answers, and waits
   httpd silent      starts, and never listens
   httpd wait        waits for ever
*/

typedef unsigned long word;

enum { READ, WRITE, OPEN, CLOSE, NANOSLEEP = 35, PAUSE = 34, SOCKET = 41, CONNECT, ACCEPT,
       BIND = 49, LISTEN, SETSOCKOPT = 54, EXIT_GROUP = 231, SIGACTION = 13 };

static long call(long number, word a, word b, word c, word d, word e) {
    long result;
    register word r10 __asm__("r10") = d;
    register word r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}
#define CALL(number, a, b, c) call(number, (word)(a), (word)(b), (word)(c), 0, 0)

static void end(int code) { for (;;) CALL(EXIT_GROUP, code, 0, 0); }
static void terminate(int signal) { (void)signal; end(0); }

static word length(const char *text) { word n = 0; while (text[n]) n++; return n; }
static void put(int file, const char *text, word size) {
    while (size) {
        long written = CALL(WRITE, file, text, size);
        if (written <= 0) return;
        text += written; size -= written;
    }
}
static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}
static int starts(const char *text, const char *start) {
    while (*start) if (*text++ != *start++) return 0;
    return 1;
}
static word number(const char *text) {
    word n = 0;
    while (*text >= '0' && *text <= '9') n = 10 * n + (*text++ - '0');
    return n;
}

/* What is said goes out as whole lines, in one write. */
static char said[65536];
static word said_size;
static void add_bytes(const char *text, word size) {
    for (word i = 0; i < size && said_size < sizeof said; i++) said[said_size++] = text[i];
}
static void add(const char *text) { add_bytes(text, length(text)); }
static void add_number(word n) {
    char digits[20];
    int i = 20;
    do digits[--i] = '0' + n % 10; while (n /= 10);
    add_bytes(digits + i, 20 - i);
}
static void say(int file) { put(file, said, said_size); said_size = 0; }

static void pause(word milliseconds) {
    word time[2] = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    CALL(NANOSLEEP, time, 0, 0);
}
static void wait_for_ever(void) { for (;;) CALL(PAUSE, 0, 0, 0); }

struct address { unsigned short family, port; unsigned host; word zero; };
static struct address address(word port, unsigned host) {
    struct address made = { 2, (unsigned short)(port << 8 | port >> 8), host, 0 };
    return made;
}
static int socket(void) { return CALL(SOCKET, 2, 1, 0); }

static char request[16384], content[32768];

static void serve(word port, const char *file, const char *status) {
    int listener = socket(), yes = 1;
    struct address any = address(port, 0);
    call(SETSOCKOPT, listener, 1, 2, (word)&yes, sizeof yes);
    if (CALL(BIND, listener, &any, sizeof any) || CALL(LISTEN, listener, 128, 0)) {
        add("Error: cannot listen on port "); add_number(port); add("\n"); say(2);
        end(1);
    }
    add("listening on port "); add_number(port); add("\n"); say(1);
    for (;;) {
        int client = CALL(ACCEPT, listener, 0, 0);
        if (client < 0) continue;
        long size = CALL(READ, client, request, sizeof request), first = 0, spaces = 0;
        if (size > 0) {
            while (first < size && request[first] != '\r' && (spaces += request[first] == ' ') < 2)
                first++;
            long opened = file ? CALL(OPEN, file, 0, 0) : -1, got = 0;
            if (opened >= 0) {
                got = CALL(READ, opened, content, sizeof content);
                CALL(CLOSE, opened, 0, 0);
            }
            if (got < 0) got = 0;
            add("HTTP/1.1 "); add(status);
            add("\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: ");
            add_number(got); add("\r\n\r\n");
            if (!starts(request, "HEAD ")) add_bytes(content, got);
            say(client);
            add_bytes(request, first); add(" "); add_bytes(status, 3); add("\n"); say(1);
        }
        CALL(CLOSE, client, 0, 0);
        if (size > 0 && starts(request, "GET /exit ")) end(1);
    }
}

static void ask(word port) {
    struct address here = address(port, 0x0100007f);
    for (;; pause(50)) {
        int client = socket();
        if (!CALL(CONNECT, client, &here, sizeof here)) {
            const char *asking = "GET /asked HTTP/1.0\r\n\r\n";
            put(client, asking, length(asking));
            long size = CALL(READ, client, request, sizeof request), first = 0;
            while (first < size && request[first] != '\r') first++;
            add_bytes(request, first); add("\n"); say(1);
            wait_for_ever();
        }
        CALL(CLOSE, client, 0, 0);
    }
}

void run(word *stack) {
    char **arguments = (char **)stack + 1, **environment = arguments + stack[0] + 1;
    const char *what = stack[0] > 1 ? arguments[1] : "";
    const char *more = stack[0] > 2 ? arguments[2] : "";
    word port = 80;
    /* Process 1 of a container ends by no signal that it does not handle. */
    word action[4] = { (word)terminate, 0x04000000, (word)terminate, 0 };
    call(SIGACTION, 15, (word)action, 0, 8, 0);
    if (same(what, "wait")) wait_for_ever();
    add("starting\n"); say(1);
    if (same(what, "silent")) wait_for_ever();
    if (same(what, "crash")) {
        add("environment:");
        for (; *environment; environment++) { add(" "); add(*environment); }
        add("\n"); say(1);
        add("Error: cannot start: "); add(more); add("\n"); say(2);
        end(1);
    }
    if (same(what, "ask")) ask(number(more));
    for (; *environment; environment++)
        if (starts(*environment, "PORT=")) port = number(*environment + 5);
    if (same(what, "unhealthy")) serve(port, 0, "503 Service Unavailable");
    char file[4096];
    const char *folder = stack[0] > 3 ? arguments[3] : "/srv", *name = "/index.html";
    word i = 0;
    while (*folder && i < 4000) file[i++] = *folder++;
    do file[i++] = *name; while (*name++);
    serve(port, file, "200 OK");
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall run\n");
