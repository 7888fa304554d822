/* multipart: bodies with files: their parts, names and boundary. */
#include "request_fixture.h"

#include "http/header_fields.h"
#include "request/form.h"

/* A file of bytes, not owned: the strings are static. */
static struct file_part bytes_file(const char *bytes, const char *filename, const char *type)
{
    struct file_part file = {.bytes = (char *)bytes,
                             .len = strlen(bytes),
                             .feed = BODY_NO_FEED,
                             .size = -1,
                             .filename = (char *)filename,
                             .content_type = (char *)type};
    return file;
}

/* {name: file 0} */
static void file_doc(struct json_doc *doc, const char *name)
{
    uint32_t root = begin(doc);
    key(doc, name);
    json_add_file(doc, 0);
    json_close(doc, root, 1);
}

/* The boundary of a multipart request, borrowed. */
static const char *boundary_of(const struct request *request)
{
    const char *type = fields_get(&request->fields, "Content-Type");
    static const char start[] = "multipart/form-data; boundary=";
    assert_non_null(type);
    assert_memory_equal(type, start, strlen(start));
    return type + strlen(start);
}

/*
 * Fails the test when the body is not `expected`, in which `#` stands for the boundary and `~` for
 * CR LF.
 */
static void assert_parts(struct request *request, const char *expected)
{
    char wanted[4096];
    size_t len, n = 0;
    const char *boundary = boundary_of(request);
    for (; *expected; expected++) {
        const char *piece = *expected == '#' ? boundary : "\r\n";
        if (*expected == '#' || *expected == '~') {
            n += (size_t)sprintf(wanted + n, "%s", piece);
        } else {
            wanted[n++] = *expected;
        }
    }
    wanted[n] = '\0';
    char *text = read_body(request, &len);
    assert_string_equal(text, wanted);
    assert_int_equal(len, n);
    free(text);
}

static void a_file_makes_the_form_multipart(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    char *dir = make_dir();
    char path[600];
    (void)unused;
    error_init(&err);
    snprintf(path, sizeof path, "%s/notes.txt", dir);
    write_file(path, "on disk", 7);
    struct file_part files[] = {bytes_file("in memory", "a.pdf", NULL),
                                bytes_file("", NULL, "x/y")};
    struct file_part on_disk = {.path = path, .feed = BODY_NO_FEED};
    struct file_part all[] = {files[0], files[1], on_disk};
    uint32_t root = begin(&doc);
    key(&doc, "title");
    json_add_string(&doc, "caf\xC3\xA9\r\n--x", 10);
    key(&doc, "files");
    uint32_t list = json_open(&doc, JSON_ARRAY);
    json_add_file(&doc, 2);
    json_add_file(&doc, 0);
    json_close(&doc, list, 2);
    key(&doc, "gone");
    json_add_null(&doc);
    key(&doc, "flag");
    json_add_bool(&doc, true);
    key(&doc, "n");
    list = json_open(&doc, JSON_ARRAY);
    json_add_int(&doc, 1);
    json_add_double(&doc, 2.5);
    json_close(&doc, list, 2);
    key(&doc, "empty");
    json_add_file(&doc, 1);
    json_close(&doc, root, 6);
    assert_int_equal(set(&request, &doc, false, all, 3, &err), BOSA_OK);
    assert_parts(&request,
                 "--#~Content-Disposition: form-data; name=\"title\"~~caf\xC3\xA9~--x~"
                 "--#~Content-Disposition: form-data; name=\"files\"; filename=\"notes.txt\"~"
                 "Content-Type: text/plain~~on disk~"
                 "--#~Content-Disposition: form-data; name=\"files\"; filename=\"a.pdf\"~"
                 "Content-Type: application/pdf~~in memory~"
                 "--#~Content-Disposition: form-data; name=\"flag\"~~true~"
                 "--#~Content-Disposition: form-data; name=\"n\"~~1~"
                 "--#~Content-Disposition: form-data; name=\"n\"~~2.5~"
                 "--#~Content-Disposition: form-data; name=\"empty\"; filename=\"file\"~"
                 "Content-Type: x/y~~~"
                 "--#--~");
    assert_int_equal(body_rewind(request.body, &err), BOSA_OK);
    request_free(&request);
    json_free(&doc);
    remove_dir(dir);
}

static void a_feed_becomes_a_part_that_is_waited_for(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    struct file_part file = {.feed = 3, .size = -1, .filename = (char *)"s.bin"};
    char out[512];
    size_t got;
    (void)unused;
    error_init(&err);
    file_doc(&doc, "f");
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_OK);
    assert_int_equal(body_length(request.body), -1);
    assert_int_equal(body_read(request.body, out, sizeof out, &got, &err), BOSA_OK);
    assert_memory_equal(out + got - 4, "\r\n\r\n", 4);
    assert_int_equal(body_read(request.body, out, sizeof out, &got, &err), BOSA_AGAIN);
    assert_int_equal(body_needs_input(request.body), 3);
    request_free(&request);
    file.size = 10;
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_OK);
    assert_true(body_length(request.body) > 10);
    request_free(&request);
    json_free(&doc);
}

static void a_file_name_can_not_break_its_line(void **unused)
{
    static const struct {
        const char *given, *sent;
    } names[] = {
        {"a\"b.txt", "a_b.txt"},
        {"a\r\nX-Evil: 1", "a__X-Evil: 1"},
        {"a\x01\x7F.txt", "a__.txt"},
        {"back\\", "back_"},
        {"na\xC3\xAFve.txt", "na\xC3\xAFve.txt"},
        {"", "file"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct json_doc doc;
        struct request request;
        struct bosa_error err;
        char expected[256];
        error_init(&err);
        struct file_part file = bytes_file("x", names[i].given, "text/plain");
        file_doc(&doc, "f");
        assert_int_equal(set(&request, &doc, true, &file, 1, &err), BOSA_OK);
        snprintf(expected, sizeof expected,
                 "--#~Content-Disposition: form-data; name=\"f\"; filename=\"%s\"~Content-Type: "
                 "text/plain~~x~--#--~",
                 names[i].sent);
        assert_parts(&request, expected);
        request_free(&request);
        json_free(&doc);
    }
}

static void a_part_carries_further_fields(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    struct file_part file = bytes_file("x", "a.txt", NULL);
    (void)unused;
    error_init(&err);
    assert_int_equal(fields_add(&file.fields, "X-Own", 5, "1", 1, &err), BOSA_OK);
    assert_int_equal(fields_add(&file.fields, "content-type", 12, "a/b", 3, &err), BOSA_OK);
    file_doc(&doc, "f");
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_OK);
    assert_parts(&request,
                 "--#~Content-Disposition: form-data; name=\"f\"; filename=\"a.txt\"~X-Own: 1~"
                 "content-type: a/b~~x~--#--~");
    request_free(&request);
    assert_int_equal(fields_add(&file.fields, "Content-Disposition", 19, "x", 1, &err), BOSA_OK);
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_PARAMS);
    error_clear(&err);
    fields_free(&file.fields);
    json_free(&doc);
}

static void a_part_that_can_not_be_sent_is_refused(void **unused)
{
    static const char *const names[] = {"a\"b", "a\r\nX: y", "a\nb", "a\\", "a\x01"};
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    struct file_part file = bytes_file("x", NULL, "a/b\r\nX-Evil: 1");
    struct file_part nothing = {.feed = BODY_NO_FEED};
    struct file_part missing = {.feed = BODY_NO_FEED, .path = (char *)"/dev/null/report.pdf"};
    (void)unused;
    error_init(&err);
    file_doc(&doc, "f");
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_PARAMS);
    file.content_type = NULL;
    assert_int_equal(set(&request, &doc, false, &file, 0, &err), BOSA_PARAMS);
    assert_message(&err, "parameter `f`: the file is missing");
    assert_int_equal(set(&request, &doc, false, &nothing, 1, &err), BOSA_PARAMS);
    assert_message(&err, "parameter `f`: the file has no content");
    assert_int_equal(set(&request, &doc, false, &missing, 1, &err), BOSA_FILE);
    assert_message(&err, "cannot open `/dev/null/report.pdf`: Not a directory");
    json_free(&doc);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        file_doc(&doc, names[i]);
        assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_PARAMS);
        assert_null(request.body);
        json_free(&doc);
    }
    uint32_t root = begin(&doc);
    json_add_string(&doc, "a\0b", 3);
    json_add_file(&doc, 0);
    json_close(&doc, root, 1);
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_PARAMS);
    json_free(&doc);
    error_clear(&err);
}

static void a_file_where_none_can_be_is_refused(void **unused)
{
    struct json_doc doc;
    struct request request;
    struct bosa_error err;
    struct file_part file = bytes_file("x", NULL, NULL);
    (void)unused;
    error_init(&err);
    uint32_t root = begin(&doc);
    key(&doc, "deep");
    uint32_t inner = json_open(&doc, JSON_OBJECT);
    key(&doc, "f");
    json_add_file(&doc, 0);
    json_close(&doc, inner, 1);
    json_close(&doc, root, 1);
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_PARAMS);
    assert_message(
        &err, "parameter `deep`: an object can't be sent in a form, and this action takes one");
    json_free(&doc);
    json_init(&doc);
    json_add_file(&doc, 0);
    assert_int_equal(set(&request, &doc, false, &file, 1, &err), BOSA_PARAMS);
    assert_message(&err, "the parameters must be an object, not file");
    json_free(&doc);
}

static void a_boundary_is_new_each_time_and_in_no_part(void **unused)
{
    struct json_doc doc;
    char first[FORM_BOUNDARY_SIZE], second[FORM_BOUNDARY_SIZE];
    struct file_part file = bytes_file("--bosa-0 --bosa-12 bosa-12", NULL, NULL);
    (void)unused;
    parse(&doc, "{\"s\": \"xx bosa-text bosa-text\"}");
    const struct form form = {&doc, 0, &file, 1};
    multipart_boundary(first, &form);
    multipart_boundary(second, &form);
    assert_int_equal(strlen(first), FORM_BOUNDARY_SIZE - 1);
    assert_string_not_equal(first, second);
    assert_true(multipart_collides("bosa-text", &form));
    assert_true(multipart_collides("bosa-12", &form));
    assert_true(multipart_collides("bosa-0", &form));
    assert_false(multipart_collides("bosa-13", &form));
    assert_false(multipart_collides("bosa-12 bosa-123", &form));
    assert_false(multipart_collides(first, &form));
    json_free(&doc);
}

static void a_copied_file_part_stands_on_its_own(void **unused)
{
    struct bosa_error err;
    struct file_part from = bytes_file("a\0b", "n.txt", "t/u"), to;
    (void)unused;
    error_init(&err);
    from.len = 3;
    from.size = 5;
    assert_int_equal(fields_add(&from.fields, "X", 1, "1", 1, &err), BOSA_OK);
    assert_int_equal(file_part_copy(&to, &from), BOSA_OK);
    fields_free(&from.fields);
    assert_memory_equal(to.bytes, "a\0b", 3);
    assert_ptr_not_equal(to.bytes, from.bytes);
    assert_null(to.path);
    assert_string_equal(to.filename, "n.txt");
    assert_string_equal(to.content_type, "t/u");
    assert_string_equal(fields_get(&to.fields, "X"), "1");
    assert_int_equal(to.size, 5);
    assert_int_equal(to.feed, BODY_NO_FEED);
    file_part_free(&to);
    assert_int_equal(to.feed, BODY_NO_FEED);
    assert_null(to.bytes);
}

static enum bosa_status set_as_multipart(void *doc, struct bosa_error *err)
{
    struct file_part file = bytes_file("some bytes", "a.txt", NULL), copy;
    enum bosa_status status = fields_add(&file.fields, "X-Own", 5, "1", 1, err);
    if (status == BOSA_OK) {
        status = file_part_copy(&copy, &file);
    }
    fields_free(&file.fields);
    if (status == BOSA_OK) {
        struct request request;
        status = set(&request, doc, false, &copy, 1, err);
        request_free(&request);
        file_part_free(&copy);
    }
    return status;
}

static void a_multipart_body_survives_a_lack_of_memory(void **unused)
{
    struct json_doc doc;
    (void)unused;
    file_doc(&doc, "f");
    assert_true(torture(set_as_multipart, &doc) > 10);
    json_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_makes_the_form_multipart),
        cmocka_unit_test(a_feed_becomes_a_part_that_is_waited_for),
        cmocka_unit_test(a_file_name_can_not_break_its_line),
        cmocka_unit_test(a_part_carries_further_fields),
        cmocka_unit_test(a_part_that_can_not_be_sent_is_refused),
        cmocka_unit_test(a_file_where_none_can_be_is_refused),
        cmocka_unit_test(a_boundary_is_new_each_time_and_in_no_part),
        cmocka_unit_test(a_copied_file_part_stands_on_its_own),
        cmocka_unit_test(a_multipart_body_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
