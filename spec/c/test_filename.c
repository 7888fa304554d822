/* http: the names of files, read from Content-Disposition and made safe. */
#include "net_fixture.h"

#include "base/text.h"
#include "http/disposition.h"
#include "http/file_name.h"

/* The value of a Content-Disposition, and the name that is read from it; NULL: none. */
struct named {
    const char *value, *name;
};

static void assert_names(const struct named *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *name = NULL;
        assert_int_equal(disposition_filename(values[i].value, &name), BOSA_OK);
        if (!values[i].name) {
            assert_null(name);
        } else {
            assert_non_null(name);
            assert_string_equal(name, values[i].name);
        }
        mem_free(name);
    }
}

static void the_name_is_read_from_clean_and_sloppy_values(void **unused)
{
    static const struct named values[] = {
        {"attachment; filename=\"report.pdf\"", "report.pdf"},
        {"attachment; filename=report.pdf", "report.pdf"},
        {"attachment;filename=report.pdf;size=3", "report.pdf"},
        {"ATTACHMENT; FileName = \"a b.txt\" ; size=3", "a b.txt"},
        {"inline; filename=\"a.txt\"", "a.txt"},
        {"filename=\"alone.txt\"", "alone.txt"},
        {"attachment; filename=two words.txt", "two words.txt"},
        {"attachment; filename=\"a;b.txt\"", "a;b.txt"},
        {"attachment; filename=\"a\\\"b\\\\c.txt\"", "a\"b\\c.txt"},
        {"attachment; filename=\"C:\\dir\\x.txt\"", "C:\\dir\\x.txt"},
        {"attachment; filename=\"na\xEFve \"q\".txt\"", "na\xC3\xAFve \"q\".txt"},
        {"attachment; filename=\"say \"hi\"\"; size=3", "say \"hi\""},
        {"attachment; filename=\"a\"; b.txt\"; size=3", "a\"; b.txt"},
        {"attachment; filename=\"never closed.txt", "never closed.txt"},
        {"attachment; filename=\"ends with \\\"", "ends with \\"},
        {"attachment; filename=\"na\xC3\xAFve.txt\"", "na\xC3\xAFve.txt"},
        {"attachment; filename=caf\xE9.txt", "caf\xC3\xA9.txt"},
        {"attachment; filename=\"caf\x80\xE9.txt\"", "caf\xE2\x82\xAC\xC3\xA9.txt"},
        {"attachment; filename=\"first\"; filename=\"second\"", "first"},
        {"attachment; filename=\"../../etc/passwd\"", "../../etc/passwd"},
        {"attachment; xfilename=\"a\"; filename=b", "b"},
    };
    (void)unused;
    assert_names(values, sizeof values / sizeof values[0]);
}

static void an_extended_value_comes_first_unless_it_is_malformed(void **unused)
{
    static const struct named values[] = {
        {"attachment; filename=\"a.txt\"; filename*=UTF-8''%e2%82%ac.txt", "\xE2\x82\xAC.txt"},
        {"attachment; filename*=utf-8'en'a%20b.txt; filename=\"x.txt\"", "a b.txt"},
        {"attachment; filename*=ISO-8859-1''caf%E9.txt", "caf\xC3\xA9.txt"},
        {"attachment; filename*=UTF-8''caf%E9.txt", "caf\xC3\xA9.txt"},
        {"attachment; filename*=\"UTF-8''quoted.txt\"", "quoted.txt"},
        {"attachment; filename*=UTF-8''%ZZ; filename=ok.txt", "ok.txt"},
        {"attachment; filename*=UTF-8''%4; filename=ok.txt", "ok.txt"},
        {"attachment; filename*=koi8-r''%C1; filename=ok.txt", "ok.txt"},
        {"attachment; filename*=no-quotes.txt; filename=ok.txt", "ok.txt"},
        {"attachment; filename*=UTF-8''; filename=ok.txt", "ok.txt"},
        {"attachment; filename*=UTF-8''cut%00.exe", "cut_.exe"},
        {"attachment; filename*0=\"one-\"; filename*1=\"two.txt\"", "one-two.txt"},
        {"attachment; filename*1=two.txt; filename*0=one-", "one-two.txt"},
        {"attachment; filename*0*=UTF-8''%e2%82; filename*1*=%ac; filename*2=\"%20.txt\"",
         "\xE2\x82\xAC%20.txt"},
        {"attachment; filename*0*=ISO-8859-1''%E9; filename*1*=%E8", "\xC3\xA9\xC3\xA8"},
        {"attachment; filename*0=a; filename*2=c", "a"},
        {"attachment; filename*0*=bad%; filename=ok.txt", "ok.txt"},
        {"attachment; filename*=utf8''%e2%82%ac.txt", "\xE2\x82\xAC.txt"},
        {"attachment; filename*=windows-1252''%80%9f%81.txt", "\xE2\x82\xAC\xC5\xB8\xC2\x81.txt"},
        {"attachment; filename*=cp1252'en'na%efve.txt; filename=x", "na\xC3\xAFve.txt"},
        {"attachment; filename*=Latin1''%93q%94", "\xE2\x80\x9Cq\xE2\x80\x9D"},
        {"attachment; filename*=''%e2%82%ac.txt", "\xE2\x82\xAC.txt"},
        {"attachment; filename*=''caf%E9.txt", "caf\xC3\xA9.txt"},
        {"attachment; filename*=no%20charset.txt", "no charset.txt"},
        {"attachment; filename*=one'quote.txt", "quote.txt"},
        {"attachment; filename*=koi8-r''%C1b.txt", "_b.txt"},
        {"attachment; filename*=gb18030''%e2%82%ac.txt", "\xE2\x82\xAC.txt"},
    };
    (void)unused;
    assert_names(values, sizeof values / sizeof values[0]);
}

static void encoded_words_are_decoded(void **unused)
{
    static const struct named values[] = {
        {"attachment; filename=\"=?UTF-8?B?4oKsLnR4dA==?=\"", "\xE2\x82\xAC.txt"},
        {"attachment; filename==?utf-8?b?4oKsLnR4dA==?=", "\xE2\x82\xAC.txt"},
        {"attachment; filename=\"=?ISO-8859-1?Q?caf=E9_au_lait.txt?=\"", "caf\xC3\xA9 au lait.txt"},
        {"attachment; filename=\"=?utf-8*en?q?a=20b?= =?utf-8?q?c?=.txt\"", "a bc.txt"},
        {"attachment; filename=\"a =?utf-8?q?b?= c =?utf-8?q?d?=\"", "a b c d"},
        {"attachment; filename=\"=?utf-8?q?a=00b?=\"", "a_b"},
        {"attachment; filename=\"=?utf-8?B?bmHD?= =?utf-8?B?r3ZlLnR4dA==?=\"", "na\xC3\xAFve.txt"},
        {"attachment; filename=\"=?utf-8?Q?na=C3?= =?UTF8?Q?=AFve?=.txt\"", "na\xC3\xAFve.txt"},
        {"attachment; filename=\"=?utf-8?Q?=C3=AF?= =?latin1?Q?=EF?=\"", "\xC3\xAF\xC3\xAF"},
        {"attachment; filename=\"=?koi8-r?q?=C1b?=\"", "_b"},
        {"attachment; filename=\"=?utf-8?x?a?=\"", "=?utf-8?x?a?="},
        {"attachment; filename=\"=?utf-8?q?never closed\"", "=?utf-8?q?never closed"},
    };
    (void)unused;
    assert_names(values, sizeof values / sizeof values[0]);
}

static void a_value_without_a_name_has_none(void **unused)
{
    static const struct named values[] = {
        {"attachment", NULL},
        {"attachment;", NULL},
        {"attachment; filename", NULL},
        {"attachment; filename=", NULL},
        {"attachment; filename=\"\"", NULL},
        {"attachment; filename=\"", NULL},
        {"attachment; filename*=UTF-8''", NULL},
        {"; ; =; =x", NULL},
        {"", NULL},
    };
    (void)unused;
    assert_names(values, sizeof values / sizeof values[0]);
}

/*
 * What such a value costs is bounded by a few readings of it, not by its square: else this takes
 * minutes.
 */
static void a_value_made_to_be_slow_is_read(void **unused)
{
    enum { SIZE = 250000 };
    static const char *const patterns[] = {
        "\";", "\" ; ", "\\\"", "filename*0=", ";", "\"x=", "%41", "\";a=\"b"};
    char *value = malloc(SIZE + 64);
    (void)unused;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        size_t len = strlen(patterns[i]);
        size_t at = (size_t)sprintf(value, "attachment; filename=\"");
        for (; at + len < SIZE; at += len) {
            memcpy(value + at, patterns[i], len);
        }
        value[at] = '\0';
        char *name = NULL;
        assert_int_equal(disposition_filename(value, &name), BOSA_OK);
        mem_free(name);
    }
    free(value);
}

static void an_attachment_is_one_by_its_type_alone(void **unused)
{
    (void)unused;
    assert_true(disposition_is_attachment("attachment"));
    assert_true(disposition_is_attachment(" Attachment ; filename=x"));
    assert_false(disposition_is_attachment(NULL));
    assert_false(disposition_is_attachment(""));
    assert_false(disposition_is_attachment("inline; filename=attachment"));
    assert_false(disposition_is_attachment("attachments"));
    assert_false(disposition_is_attachment("attachment=1"));
}

static enum bosa_status read_names(void *unused, struct bosa_error *err)
{
    static const char *const values[] = {
        ("attachment; filename=\"caf\xE9 and more than sixty-four bytes of a name, so that the "
         "buffer has to grow.txt\""),
        "attachment; filename*=ISO-8859-1''caf%E9.txt",
        "attachment; filename*0*=UTF-8''%e2%82; filename*1*=%ac",
        "attachment; filename=64-bytes-so-that-the-ending-zero-needs-a-new-block-of-memory.pdf",
    };
    (void)unused;
    (void)err;
    for (size_t i = 0; i < 4; i++) {
        char *name = NULL;
        enum bosa_status status = disposition_filename(values[i], &name);
        assert_int_equal(status == BOSA_OK, name != NULL);
        mem_free(name);
        if (status != BOSA_OK) {
            return status;
        }
    }
    return BOSA_OK;
}

static void reading_a_name_survives_a_lack_of_memory(void **unused)
{
    (void)unused;
    assert_true(torture(read_names, NULL) > 6);
}

static void assert_safe(const char *name, const char *safe)
{
    char *made = http_safe_filename(name);
    assert_non_null(made);
    assert_string_equal(made, safe);
    mem_free(made);
}

static void a_safe_name_stays_as_it_is(void **unused)
{
    (void)unused;
    assert_safe("report.pdf", "report.pdf");
    assert_safe("na\xC3\xAFve \xE2\x82\xAC (1).txt", "na\xC3\xAFve \xE2\x82\xAC (1).txt");
    assert_safe("a'b&c%20;d.txt", "a'b&c%20;d.txt");
    assert_safe("console.txt", "console.txt");
    assert_safe("com10", "com10");
    assert_safe("com", "com");
}

static void a_name_can_not_leave_its_directory(void **unused)
{
    (void)unused;
    assert_safe("../../etc/passwd", "passwd");
    assert_safe("..\\..\\windows\\win.ini", "win.ini");
    assert_safe("C:\\dir\\x.txt", "x.txt");
    assert_safe("/etc/", "download");
    assert_safe("..", "download");
    assert_safe(".", "download");
    assert_safe("", "download");
    assert_safe("...", "download");
    assert_safe(" . . ", "download");
    assert_safe("~/x", "x");
}

static void what_some_system_reserves_is_replaced(void **unused)
{
    (void)unused;
    assert_safe("a<b>c:d\"e|f?g*h.txt", "a_b_c_d_e_f_g_h.txt");
    assert_safe("a\nb\x01"
                "c\x7F.txt",
                "a_b_c_.txt");
    assert_safe("c1\xC2\x85.txt", "c1_.txt");
    assert_safe("x\xE2\x80\xAEgpj.exe", "x_gpj.exe");
    assert_safe("x\xE2\x81\xA6y", "x_y");
    assert_safe("x\xD8\x9Cy", "x_y");
    assert_safe("\xC3\xBC\xFF.txt", "\xC3\xBC_.txt");
    assert_safe("bad\xFFutf\xC3.txt", "bad_utf_.txt");
    assert_safe(".bashrc", "bashrc");
    assert_safe("name. . ", "name");
    assert_safe("con", "_con");
    assert_safe("NUL.txt", "_NUL.txt");
    assert_safe("Aux .tar.gz", "_Aux .tar.gz");
    assert_safe("com1", "_com1");
    assert_safe("LPT\xC2\xB2.txt", "_LPT\xC2\xB2.txt");
    assert_safe("CONIN$", "_CONIN$");
}

static void a_long_name_is_cut_between_characters_before_its_extension(void **unused)
{
    char name[600];
    char *made;
    (void)unused;
    memset(name, 'a', 500);
    strcpy(name + 500, ".txt");
    made = http_safe_filename(name);
    assert_int_equal(strlen(made), 200);
    assert_string_equal(made + 195, "a.txt");
    mem_free(made);
    for (size_t shift = 0; shift < 3; shift++) {
        memset(name, 'a', shift);
        for (size_t i = shift; i < 590; i += 3) {
            memcpy(name + i, "\xE2\x82\xAC", 4);
        }
        made = http_safe_filename(name);
        assert_true(strlen(made) <= 200 && strlen(made) > 196);
        assert_true(text_is_utf8(made, strlen(made)));
        mem_free(made);
    }
    memset(name, '.', 300);
    name[0] = 'a';
    memset(name + 250, 'b', 300);
    name[550] = '\0';
    assert_safe(name, "a");
}

static enum bosa_status make_safe(void *unused, struct bosa_error *err)
{
    static const char *const names[] = {
        "con.txt", "", "a name of more than sixty-four bytes, so that the buffer grows: yes.txt"};
    (void)unused;
    (void)err;
    for (size_t i = 0; i < 3; i++) {
        char *made = http_safe_filename(names[i]);
        if (!made) {
            return BOSA_NOMEM;
        }
        mem_free(made);
    }
    return BOSA_OK;
}

static void making_a_name_safe_survives_a_lack_of_memory(void **unused)
{
    (void)unused;
    assert_true(torture(make_safe, NULL) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_read_from_clean_and_sloppy_values),
        cmocka_unit_test(an_extended_value_comes_first_unless_it_is_malformed),
        cmocka_unit_test(encoded_words_are_decoded),
        cmocka_unit_test(a_value_without_a_name_has_none),
        cmocka_unit_test(a_value_made_to_be_slow_is_read),
        cmocka_unit_test(an_attachment_is_one_by_its_type_alone),
        cmocka_unit_test(reading_a_name_survives_a_lack_of_memory),
        cmocka_unit_test(a_safe_name_stays_as_it_is),
        cmocka_unit_test(a_name_can_not_leave_its_directory),
        cmocka_unit_test(what_some_system_reserves_is_replaced),
        cmocka_unit_test(a_long_name_is_cut_between_characters_before_its_extension),
        cmocka_unit_test(making_a_name_safe_survives_a_lack_of_memory),
    };
    return cmocka_run_group_tests_name("filename", tests, NULL, NULL);
}
