/*
 * bosa-sandbox: a BOSA server for demos, tests and benchmarks.
 */
#include "server.h"

#include "base/fileio.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

static const char usage[] =
    "usage: bosa-sandbox [options]\n"
    "A BOSA server with made-up connectors (github, google_drive, google_mail, lab) for demos,\n"
    "tests and benchmarks. Prints its URL, an API key, a user token and a user, then serves\n"
    "until it is told to stop.\n"
    "\n"
    "  --host ADDRESS    where to listen (127.0.0.1)\n"
    "  --port N          0 for any free port (0)\n"
    "  --api-key KEY     the API key that is valid (one made from the seed)\n"
    "  --seed N          of all made-up data (1)\n"
    "  --dialect NAME    names of the endpoints: current, legacy, both (current)\n"
    "  --delay MS        wait before every response of an action\n"
    "  --tls CERT KEY    serve HTTPS; two PEM files\n"
    "  --require-account refuse actions of connectors that the user has no account of\n"
    "  --until-eof       stop when standard input ends\n"
    "  --verbose         log requests to standard error\n"
    "  --help            this text\n"
    "\n"
    "It has a catalog, and a few skills of a tenant; the legacy dialect has neither.\n"
    "A user whose identifier begins with `expired` gets tokens that have expired.\n"
    "GET /_sandbox/stats counts; POST /_sandbox/reset starts anew; POST /_sandbox/schema-change\n"
    "adds an action to lab; POST /_sandbox/expire/CONNECTOR has the accounts of a connector "
    "expire.\n";

/* Reads a number in full; false: it is none, or over `max`. */
static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *text < '0' || *text > '9' || *end || value > max) {
        return false;
    }
    *out = value;
    return true;
}

/* Reads the name of a dialect; the last two are the names before. */
static bool read_dialect(const char *text, enum dialect *out)
{
    static const char *const names[] = {"current", "legacy", "both", "today", "seed"};
    static const enum dialect values[] = {DIALECT_CURRENT, DIALECT_LEGACY, DIALECT_BOTH,
                                          DIALECT_CURRENT, DIALECT_LEGACY};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = values[i];
            return true;
        }
    }
    return false;
}

static const struct option names[] = {
    {"host", required_argument, NULL, 'h'},    {"port", required_argument, NULL, 'p'},
    {"api-key", required_argument, NULL, 'k'}, {"seed", required_argument, NULL, 's'},
    {"dialect", required_argument, NULL, 'd'}, {"delay", required_argument, NULL, 'w'},
    {"tls", required_argument, NULL, 't'},     {"require-account", no_argument, NULL, 'a'},
    {"until-eof", no_argument, NULL, 'e'},     {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'H'},          {NULL, 0, NULL, 0}};

/* Takes one option; false: its argument makes no sense. */
static bool take_option(struct options *options, int option, char **argv, int argc)
{
    uint64_t number = 0;
    bool ok = true;
    switch (option) {
    case 'h':
        options->host = optarg;
        break;
    case 'p':
        ok = read_number(optarg, 65535, &number);
        options->port = (unsigned)number;
        break;
    case 'k':
        options->key = optarg;
        break;
    case 's':
        ok = read_number(optarg, UINT64_MAX, &options->seed);
        break;
    case 'd':
        ok = read_dialect(optarg, &options->dialect);
        break;
    case 'w':
        ok = read_number(optarg, 3600000, &options->delay_ms);
        break;
    case 't':
        options->tls_cert = optarg;
        options->tls_key = optind < argc ? argv[optind++] : NULL;
        ok = options->tls_key;
        break;
    case 'a':
        options->require_account = true;
        break;
    case 'e':
        options->until_eof = true;
        break;
    case 'v':
        options->verbose = true;
        break;
    default:
        ok = false;
    }
    return ok;
}

/* Reads the command line. Returns -1 to go on, else the exit code. */
static int read_options(struct options *options, int argc, char **argv)
{
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'H') {
            fputs(usage, stdout);
            return 0;
        }
        if (!take_option(options, option, argv, argc)) {
            fprintf(stderr, "bosa-sandbox: bad option or argument near `%s`; see --help\n",
                    argv[optind - 1]);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "bosa-sandbox: unexpected argument `%s`; see --help\n", argv[optind]);
        return 2;
    }
    return -1;
}

/* As many descriptors as the system lets us have. */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A handler that does nothing: that the signal came interrupts the wait. */
static void on_signal(int number)
{
    (void)number;
}

/* Blocks SIGTERM and SIGINT in all threads to come; *before is the mask to wait with. */
static void hold_signals(sigset_t *before)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ours, before);
    sigdelset(before, SIGTERM);
    sigdelset(before, SIGINT);
}

/* Waits for a signal, or for the end of standard input. */
static void wait_for_end(bool until_eof, const sigset_t *mask)
{
    char dropped[256];
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(STDIN_FILENO, &set);
        int ready = pselect(until_eof ? STDIN_FILENO + 1 : 0, until_eof ? &set : NULL, NULL, NULL,
                            NULL, mask);
        if (ready < 0 || read(STDIN_FILENO, dropped, sizeof dropped) <= 0) {
            return;
        }
    }
}

/* What a caller has to know, on standard output, one fact a line; tests read it. */
static void print_banner(const struct sandbox *sandbox, unsigned port)
{
    const struct options *options = &sandbox->options;
    const struct accounts *accounts = &sandbox->accounts;
    bool v6 = strchr(options->host, ':');
    printf("listening on %s://%s%s%s:%u\n", options->tls_cert ? "https" : "http", v6 ? "[" : "",
           options->host, v6 ? "]" : "", port);
    printf("api key %s\n", accounts->key);
    printf("token %s\n", accounts->tokens[0].text);
    printf("user %s %s\n", accounts->users[0].identifier, accounts->users[0].secret);
    fflush(stdout);
}

/* Serves until the end. Returns the exit code. */
static int serve(const struct options *options)
{
    struct sandbox sandbox;
    struct server *server;
    struct bosa_error err;
    sigset_t mask;
    error_init(&err);
    hold_signals(&mask);
    bool ok = sandbox_init(&sandbox, options, &err) == BOSA_OK;
    if (ok && server_start(&server, &sandbox, &err) != BOSA_OK) {
        sandbox_free(&sandbox);
        ok = false;
    }
    if (!ok) {
        fprintf(stderr, "bosa-sandbox: %s\n", err.message ? err.message : "no memory");
        error_clear(&err);
        return 1;
    }
    print_banner(&sandbox, server_port(server));
    wait_for_end(options->until_eof, &mask);
    server_stop(server);
    sandbox_free(&sandbox);
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = {.host = "127.0.0.1", .seed = 1, .dialect = DIALECT_CURRENT};
    int code = read_options(&options, argc, argv);
    if (code >= 0) {
        return code;
    }
    fileio_fill_streams(); /* or a connection gets the number of a stream that was closed */
    raise_limits();
    return serve(&options);
}
