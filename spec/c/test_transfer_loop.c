/* The descriptor and what a step is; forks; a lack of memory. */
#include "transfer_fixture.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct wire_step answering[] = {
    {WIRE_READ, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_AGAIN, NULL, 0}};

/* Reads a request and responses when the gate is open. */
static const struct wire_step gated[] = {
    {WIRE_READ, NULL, 0}, {WIRE_GATE, NULL, 0}, {WIRE_SEND, DONE_ANSWER, 0}, {WIRE_AGAIN, NULL, 0}};

static const struct wire_step silent[] = {{WIRE_READ, NULL, 0}, {WIRE_HOLD, NULL, 0}};

/* ---- the descriptor and steps ---- */

static bool is_readable(struct world *w)
{
    struct pollfd p = {transfer_fd(w->transfer), POLLIN, 0};
    return poll(&p, 1, 0) == 1;
}

static void a_call_that_ends_as_it_starts_is_told_of(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    while (is_readable(w)) {
        (void)transfer_step(w->transfer, 0);
    }
    struct invocation *invocation = make_plan(w, "list");
    struct invocation *bad = invocation_with(invocation, "page", &invocation->params,
                                             0); /* an object where a number goes
                                                  */
    invocation_unref(invocation);
    assert_non_null(bad);
    struct outcome *o = start_plan(w, bad);
    assert_int_equal(o->call->state, CALL_ENDED);
    assert_true(is_readable(w));
    assert_true(transfer_step(w->transfer, 0));
    assert_int_equal(take_all(w), 1);
    assert_failed(o, BOSA_PARAMS, BOSA_SENT_NO);
    while (is_readable(w)) {
        (void)transfer_step(w->transfer, 0);
    }
}

static void steps_without_a_loop_wait_by_themselves(void **state)
{
    struct world *w = *state;
    open_one(w, answering);
    for (int i = 0; i < 3; i++) {
        struct outcome *o = start(w);
        assert_true(transfer_step(w->transfer, -1));
        assert_int_equal(take_all(w), 1);
        assert_ok(o);
    }
    assert_false(transfer_step(w->transfer, -1)); /* nothing to wait for */
    assert_false(transfer_step(w->transfer, 1));
}

static void a_silent_server_does_not_hold_a_step_for_ever(void **state)
{
    struct world *w = *state;
    w->policy.timeout = 60;
    open_one(w, silent);
    struct outcome *o = start(w);
    assert_true(transfer_step(w->transfer, -1));
    assert_int_equal(take_all(w), 1);
    assert_failed(o, BOSA_TIMEOUT, BOSA_SENT_MAYBE);
}

static void on_alarm(int number)
{
    (void)number;
}

static void a_signal_ends_a_step(void **state)
{
    struct world *w = *state;
    struct sigaction action, before;
    struct itimerval timer = {{0, 20000}, {0, 20000}}, none = {{0, 0}, {0, 0}};
    open_one(w, silent);
    struct outcome *o = start(w);
    until_requests(w, 1);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
    assert_false(transfer_step(w->transfer, -1));
    assert_int_equal(setitimer(ITIMER_REAL, &none, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(o->call->state, CALL_EXCHANGE);
}

/* Lets this process open no more descriptors than it has; gives back the limit that was. */
static struct rlimit open_no_more(void)
{
    struct rlimit before, now;
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

/* The second call is over as it starts, and no descriptor will tell of it: that must not be
 * forgotten with the first. */
static void a_cancelled_call_hides_no_other_that_is_over(void **state)
{
    struct world *w = *state;
    open_one(w, silent);
    struct outcome *held = start(w);
    while (wire_server_requests(w->server) < 1) { /* nobody watches the transfer's descriptor */
        (void)transfer_step(w->transfer, 1);
    }
    struct rlimit before = open_no_more();
    struct outcome *o = start(w);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    transfer_cancel(w->transfer, held->call, BOSA_CANCELLED);
    (void)alarm(30); /* the end of a program that waits for nothing */
    assert_true(transfer_step(w->transfer, -1));
    (void)alarm(0);
    assert_int_equal(take_all(w), 1);
    assert_failed(o, BOSA_CONNECTION, BOSA_SENT_NO);
}

/* Steps until the descriptor stays quiet for a while, as it must where nothing can be done. */
static void assert_becomes_quiet(struct world *w)
{
    struct pollfd p = {transfer_fd(w->transfer), POLLIN, 0};
    for (int steps = 0; poll(&p, 1, 200) == 1; steps++) {
        assert_true(steps < 500);
        (void)transfer_step(w->transfer, 0);
        (void)take_all(w);
    }
}

static void a_paused_download_whose_server_is_gone_is_quiet(void **state)
{
    static const struct wire_step file[] = {{WIRE_READ, NULL, 0},
                                            {WIRE_SEND, FILE_HEAD("9000000"), 0},
                                            {WIRE_FILL, NULL, 600000},
                                            {WIRE_RESET, NULL, 0}};
    struct world *w = *state;
    open_one(w, file);
    struct outcome *o = start_download(w);
    o->lazy = true;
    assert_becomes_quiet(w);
    o->lazy = false;
    drain(w, o);
    finish(w, o);
    assert_failed(o, BOSA_CONNECTION, BOSA_SENT_YES);
}

static void an_upload_that_waits_for_its_caller_is_quiet(void **state)
{
    static const struct wire_step held[] = {{WIRE_HEAD, NULL, 0}, {WIRE_HOLD, NULL, 0}};
    static const struct wire_step lost[] = {{WIRE_HEAD, NULL, 0}, {WIRE_END, NULL, 0}};
    static const struct wire_step *const scripts[] = {held, lost};
    struct world *w = *state;
    open_world(w, scripts, 2);
    struct outcome *o = start_upload(w, 1000000, true);
    o->starve = true;
    assert_becomes_quiet(w);
    assert_false(o->ended);
    transfer_cancel(w->transfer, o->call, BOSA_CANCELLED);
    o->ended = true;
    o = start_upload(w, 1000000, true);
    o->starve = true;
    finish(w, o); /* its end is seen, though nothing is to be sent */
    assert_failed(o, BOSA_CONNECTION, BOSA_SENT_MAYBE);
    assert_becomes_quiet(w);
}

static void kept_connections_that_end_are_quiet(void **state)
{
    static const struct wire_step once[] = {{WIRE_READ, NULL, 0},
                                            {WIRE_SEND, DONE_ANSWER, 0},
                                            {WIRE_MEET, NULL, 4},
                                            {WIRE_END, NULL, 0}};
    static const struct wire_step hard[] = {{WIRE_READ, NULL, 0},
                                            {WIRE_SEND, DONE_ANSWER, 0},
                                            {WIRE_MEET, NULL, 4},
                                            {WIRE_RESET, NULL, 0}};
    static const struct wire_step talking[] = {{WIRE_READ, NULL, 0},
                                               {WIRE_SEND, DONE_ANSWER, 0},
                                               {WIRE_MEET, NULL, 4},
                                               {WIRE_SEND, DONE_ANSWER, 0},
                                               {WIRE_HOLD, NULL, 0}};
    static const struct wire_step *const scripts[] = {once, hard, talking, answering};
    struct world *w = *state;
    open_world(w, scripts, 4);
    for (int i = 0; i < 4; i++) {
        (void)start(w);
    }
    finish_all(w);
    assert_becomes_quiet(w);
    for (int i = 0; i < 4; i++) { /* only the last one is left */
        struct outcome *o = start(w);
        finish(w, o);
        assert_ok(o);
    }
    assert_int_equal(wire_server_connections(w->server), 4);
}

/* ---- descriptors ---- */

/* A listener that nobody gets a connection from: its queue is full. */
struct full_listener {
    int fds[8]; /* the first listens */
    char url[64];
};

static void open_full(struct full_listener *l)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    l->fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(l->fds[0], (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(l->fds[0], 0), 0);
    assert_int_equal(getsockname(l->fds[0], (struct sockaddr *)&at, &size), 0);
    for (size_t i = 1; i < COUNT(l->fds); i++) {
        l->fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(fcntl(l->fds[i], F_SETFL, O_NONBLOCK), 0);
        (void)connect(l->fds[i], (struct sockaddr *)&at, size);
    }
    snprintf(l->url, sizeof l->url, "http://127.0.0.1:%d", ntohs(at.sin_port));
}

static void close_full(struct full_listener *l)
{
    for (size_t i = 0; i < COUNT(l->fds); i++) {
        close(l->fds[i]);
    }
}

/* Makes the hub one of another server; the transfer stays. */
static void go_elsewhere(struct world *w, const char *url)
{
    struct transfer *transfer = w->transfer;
    hub_unref(w->hub);
    open_at(w, url);
    transfer_free(w->transfer);
    w->transfer = transfer;
}

/* A name that must be looked up: this machine's. False: nobody knows it. */
static bool find_name(char *name, size_t size)
{
    struct addrinfo *found = NULL;
    memset(name, 0, size);
    bool known = gethostname(name, size - 1) == 0 && getaddrinfo(name, "1", NULL, &found) == 0;
    if (known) {
        freeaddrinfo(found);
    }
    return known;
}

/* libcurl closes a connection that was not made without a word, and looks a name up by descriptors
 * of the same numbers, which it closes so, too. */
static void names_are_looked_up_behind_a_connection_that_was_not_made(void **state)
{
    struct world *w = *state;
    struct full_listener full;
    char name[200], url[256];
    if (!find_name(name, sizeof name)) {
        skip();
    }
    w->policy.connect_timeout = 50;
    open_full(&full);
    open_at(w, full.url);
    struct outcome *o = start(w);
    finish(w, o);
    assert_failed(o, BOSA_TIMEOUT, BOSA_SENT_NO);
    w->policy.connect_timeout = 20000;
    for (int port = 1; port <= 3; port++) { /* what was found is kept for each port apart */
        snprintf(url, sizeof url, "http://%s:%d", name, port);
        go_elsewhere(w, url);
        o = start(w);
        finish(w, o);
        assert_failed(o, BOSA_CONNECTION, BOSA_SENT_NO);
        assert_null(strstr(o->call->error.message, "cannot watch"));
    }
    close_full(&full);
}

/* ---- forks ---- */

/* In the child: what the parent has is let go of, and a call of its own is made. */
static int be_a_child(struct world *w)
{
    struct outcome *inherited = &w->calls[0];
    struct bosa_error err;
    error_init(&err);
    if (transfer_is_mine(w->transfer)) {
        return 1;
    }
    transfer_free(w->transfer);
    if (inherited->call->state != CALL_ENDED || inherited->call->error.kind != BOSA_CLOSED) {
        return 2;
    }
    if (transfer_new(&w->transfer, &w->options, &err) != BOSA_OK) {
        return 3;
    }
    struct outcome *o = start(w);
    while (!o->ended) {
        (void)transfer_step(w->transfer, -1);
        (void)take_all(w);
    }
    return o->call->ok && transfer_is_mine(w->transfer) ? 0 : 4;
}

static void a_fork_leaves_the_parents_calls_alone(void **state)
{
    static const struct wire_step *const scripts[] = {gated, answering};
    struct world *w = *state;
    int status;
    open_world(w, scripts, 2);
    struct outcome *o = start(w);
    until_requests(w, 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* what is lost in the child on purpose is no leak to be told of: another program ends it */
        char command[16];
        snprintf(command, sizeof command, "exit %d", be_a_child(w));
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(100);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(transfer_is_mine(w->transfer));
    assert_int_equal(o->call->state, CALL_EXCHANGE);
    wire_server_open(w->server);
    finish(w, o);
    assert_ok(o);
    assert_int_equal(wire_server_connections(w->server), 2);
}

static void a_fork_leaves_the_parents_files_alone(void **state)
{
    static const struct wire_step file[] = {
        {WIRE_READ, NULL, 0}, {WIRE_SEND, FILE_HEAD("200000"), 0}, {WIRE_FILL, NULL, 100000},
        {WIRE_GATE, NULL, 0}, {WIRE_FILL, NULL, 100000},           {WIRE_END, NULL, 0}};
    struct world *w = *state;
    char path[] = "/tmp/bosa-transfer-XXXXXX";
    struct stat info;
    int status;
    close(mkstemp(path));
    open_one(w, file);
    struct invocation *invocation = make_plan(w, "list");
    invocation->output = SINK_PATH;
    invocation->output_path = mem_dup(path, strlen(path));
    struct outcome *o = start_plan(w, invocation);
    while (o->call->reply.sink.size == 0) {
        turn(w);
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        transfer_free(w->transfer);
        call_free(o->call);
        execl("/bin/true", "true", (char *)NULL);
        _exit(100);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    wire_server_open(w->server);
    finish(w, o);
    assert_ok(o);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 200000);
    unlink(path);
}

/* Descriptors that a program started now would inherit. */
static int count_inherited(void)
{
    int count = 0;
    for (int fd = 3; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return count;
}

static void started_programs_inherit_nothing(void **state)
{
    struct world *w = *state;
    open_one(w, silent);
    int before = count_inherited(); /* libcurl has a pair of its own that is inherited */
    (void)start(w);
    until_requests(w, 1);
    assert_int_equal(count_inherited(), before);
}

/* ---- memory ---- */

static void without_memory_a_call_ends_and_nothing_is_lost(void **state)
{
    struct world *w = *state;
    bool failed = true;
    open_one(w, answering);
    for (long nth = 1; failed && nth < 1000; nth++) {
        w->count = 0;
        struct invocation *invocation = make_plan(w, "list");
        struct outcome *o = &w->calls[w->count++];
        memset(o, 0, sizeof *o);
        o->call = call_new_action(w->hub, invocation);
        o->call->owner = o;
        invocation_unref(invocation);
        mem_torture_fail_at(nth);
        transfer_start(w->transfer, o->call);
        finish(w, o);
        failed = mem_torture_count() >= nth;
        mem_torture_fail_at(0);
        if (failed && !o->call->ok) {
            assert_int_equal(o->call->error.kind, BOSA_NOMEM);
        } else {
            assert_ok(o);
        }
        call_free(o->call);
    }
    w->count = 0;
    assert_false(failed);
}

static void without_memory_a_fetch_fails_its_waiters(void **state)
{
    static const struct wire_step both[] = {{WIRE_READ, NULL, 0},
                                            {WIRE_SEND, SCHEMAS_HEAD, 0},
                                            {WIRE_SEND, ACTIONS, 0},
                                            {WIRE_END, NULL, 0}};
    struct world *w = *state;
    bool failed = true;
    open_one(w, both); /* the action gets the schemas for a response, which will do */
    for (long nth = 1; failed && nth < 3000; nth++) {
        w->count = 0;
        forget_schemas(w);
        struct outcome *o[2];
        for (int i = 0; i < 2; i++) {
            struct invocation *invocation = make_plan(w, "list");
            o[i] = &w->calls[w->count++];
            memset(o[i], 0, sizeof *o[i]);
            o[i]->call = call_new_action(w->hub, invocation);
            o[i]->call->owner = o[i];
            invocation_unref(invocation);
        }
        mem_torture_fail_at(nth);
        transfer_start(w->transfer, o[0]->call);
        transfer_start(w->transfer, o[1]->call);
        finish_all(w);
        failed = mem_torture_count() >= nth;
        mem_torture_fail_at(0);
        for (int i = 0; i < 2; i++) {
            if (!o[i]->call->ok) {
                assert_true(failed);
                assert_int_equal(o[i]->call->error.kind, BOSA_NOMEM);
            }
            call_free(o[i]->call);
        }
    }
    w->count = 0;
    assert_false(failed);
}

/* Where the queue is full libcurl holds bytes back, and gives them as the call goes on: also then
 * none may be lost without a word. */
static void without_memory_a_download_is_whole_or_fails(void **state)
{
    static const struct wire_step file[] = {
        {WIRE_READ, NULL, 0},
        {WIRE_SEND, FILE_HEAD("1000000\r\nConnection: close"), 0},
        {WIRE_FILL, NULL, 1000000},
        {WIRE_END, NULL, 0}};
    struct world *w = *state;
    bool failed = true;
    open_one(w, file);
    for (long nth = 1; failed && nth < 1000; nth++) {
        w->count = 0;
        struct invocation *invocation = make_plan(w, "list");
        invocation->output = SINK_CALLER;
        struct outcome *o = &w->calls[w->count++];
        memset(o, 0, sizeof *o);
        o->call = call_new_action(w->hub, invocation);
        o->call->owner = o;
        invocation_unref(invocation);
        mem_torture_fail_at(nth);
        transfer_start(w->transfer, o->call);
        finish(w, o);
        failed = mem_torture_count() >= nth;
        mem_torture_fail_at(0);
        if (o->call->ok) {
            assert_int_equal(o->received, 1000000);
        } else {
            assert_true(failed);
            assert_int_equal(o->call->error.kind, BOSA_NOMEM);
        }
        call_free(o->call);
    }
    w->count = 0;
    assert_false(failed);
}

/* Takes what there is; where the upload can't be fed, it is given up, as the binding does. */
static void feed_without_memory(struct world *w, struct outcome *o)
{
    static const char bytes[50000];
    unsigned notes = 0;
    while (!o->ended && transfer_take(w->transfer, &notes)) {
        o->ended = notes & TRANSFER_ENDED;
        if (!o->ended && notes & TRANSFER_NEEDS_INPUT) {
            size_t len = o->feed_left < sizeof bytes ? (size_t)o->feed_left : sizeof bytes;
            struct body *body = o->call->request.body;
            if ((len > 0 ? body_feed(body, bytes, len) : body_feed_end(body)) == BOSA_OK) {
                o->feed_left -= len;
                transfer_resume(w->transfer, o->call);
            } else {
                transfer_cancel(w->transfer, o->call, BOSA_NOMEM);
                o->ended = true;
            }
        }
    }
}

static void without_memory_an_upload_is_whole_or_fails(void **state)
{
    static const bool known[] = {true, false};
    struct world *w = *state;
    open_one(w, answering);
    for (size_t i = 0; i < COUNT(known); i++) {
        bool failed = true;
        for (long nth = 1; failed && nth < 1000; nth++) {
            w->count = 0;
            memset(&w->calls[0], 0, sizeof w->calls[0]);
            mem_torture_fail_at(0);
            struct outcome *o = start_upload(w, 300000, known[i]);
            mem_torture_fail_at(nth); /* what comes after its first bytes */
            while (!o->ended) {
                struct pollfd p = {transfer_fd(w->transfer), POLLIN, 0};
                assert_int_equal(poll(&p, 1, 30000), 1);
                (void)transfer_step(w->transfer, 0);
                feed_without_memory(w, o);
            }
            failed = mem_torture_count() >= nth;
            mem_torture_fail_at(0);
            assert_true(failed || o->call->ok);
            if (!o->call->ok) {
                assert_int_equal(o->call->error.kind, BOSA_NOMEM);
            }
            call_free(o->call);
        }
        assert_false(failed);
    }
    w->count = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_call_that_ends_as_it_starts_is_told_of),
        world_test(steps_without_a_loop_wait_by_themselves),
        world_test(a_paused_download_whose_server_is_gone_is_quiet),
        world_test(an_upload_that_waits_for_its_caller_is_quiet),
        world_test(kept_connections_that_end_are_quiet),
        world_test(a_silent_server_does_not_hold_a_step_for_ever),
        world_test(a_signal_ends_a_step),
        world_test(a_cancelled_call_hides_no_other_that_is_over),
        world_test(names_are_looked_up_behind_a_connection_that_was_not_made),
        world_test(a_fork_leaves_the_parents_calls_alone),
        world_test(a_fork_leaves_the_parents_files_alone),
        world_test(started_programs_inherit_nothing),
        world_test(without_memory_a_call_ends_and_nothing_is_lost),
        world_test(without_memory_a_fetch_fails_its_waiters),
        world_test(without_memory_a_download_is_whole_or_fails),
        world_test(without_memory_an_upload_is_whole_or_fails),
    };
    return cmocka_run_group_tests_name("transfer, driven", tests, NULL, NULL);
}
