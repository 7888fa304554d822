/*
 * Words for made-up data, put together by a generator (splitmix64) whose numbers depend on the
 * seed alone.
 */
#include "invent.h"

#include <stdio.h>
#include <string.h>

#define COUNT(list) (sizeof list / sizeof((list)[0]))

static const struct person people[] = {
    {"ada", "Ada Wirawan", "ada@example.com"},
    {"bagas-p", "Bagas Pratama", "bagas@example.com"},
    {"mlindqvist", "Maja Lindqvist", "maja@example.org"},
    {"citra", "Citra Dewi", "citra@example.com"},
    {"tomasz-k", "Tomasz Kowalczyk", "tomasz@example.net"},
    {"oyelaran", "Folake Oyelaran", "folake@example.org"},
    {"jparedes", "Julia Paredes", "julia@example.net"},
    {"h-nakamura", "Hiro Nakamura", "hiro@example.com"},
    {"renovator[bot]", "Renovator", "bot@example.com"},
    {"samir-b", "Samir Benali", "samir@example.org"},
};

static const struct label labels[] = {
    {"bug", "d73a4a", "Something does not work"},
    {"enhancement", "a2eeef", "New feature or request"},
    {"documentation", "0075ca", "Improvements to the docs"},
    {"performance", "fbca04", "Slower than it should be"},
    {"good first issue", "7057ff", "Good for newcomers"},
    {"security", "b60205", "Touches what must stay secret"},
    {"question", "d876e3", "More information is wanted"},
    {"ci", "ededed", "Builds and checks"},
};

static const char *const troubles[] = {"Crash",         "Timeout",       "Wrong result",
                                       "Memory growth", "Missing error", "Slow start",
                                       "Data loss",     "Flaky test"};
static const char *const places[] = {
    "upload",     "token refresh", "search index", "pagination", "webhook queue",
    "CSV export", "login form",    "cache layer",  "scheduler",  "mail parser"};
static const char *const moments[] = {"after a restart",        "with more than 1,000 items",
                                      "when the disk is full",  "on slow networks",
                                      "for names with accents", "behind a proxy",
                                      "at midnight UTC",        "with two workers"};
static const char *const wishes[] = {"Support",  "Document", "Speed up",
                                     "Simplify", "Rework",   "Test"};

static const char *const paragraphs[] = {
    "Happens on about one run in five. A log is attached; the interesting part begins near the "
    "end.",
    "To reproduce: take the sample configuration, set the limit to 1 and send two requests at "
    "once.",
    "It worked in the last release. I suspect the change to the connection pool, but have not "
    "proven it.",
    "Nobody is blocked by this, there is a workaround: run the command twice.",
    "We see this in production since Tuesday. Happy to test a patch.",
    "The manual says one thing and the code another. I would rather change the manual.",
};

static const char *const verbs[] = {"Fix",   "Add",   "Remove", "Rename",
                                    "Split", "Bound", "Check",  "Cache"};
static const char *const things[] = {"retry budget", "cursor handling", "header checks",
                                     "schema cache", "error paths",     "release notes",
                                     "upload tests", "idle timeout"};

static const char *const documents[] = {
    "Budget",     "Roadmap",          "Meeting notes", "Invoice",          "Survey results",
    "Onboarding", "Floor invocation", "Résumé",        "Quarterly report", "Contract"};
static const char *const extensions[] = {"pdf", "txt", "csv", "png", "docx", "json"};

static const char *const subjects[] = {
    "Minutes of Monday's call", "Your invoice for May",         "Re: access to the staging server",
    "Lunch on Thursday?",       "Release 2.4 is out",           "Please review the draft",
    "Re: Re: floor invocation", "Backup finished with warnings"};

/* One of a list of words. */
static const char *any(struct dice *dice, const char *const *list, size_t count)
{
    return list[dice_below(dice, count)];
}

#define ANY(dice, list) any(dice, list, COUNT(list))

uint64_t dice_roll(struct dice *dice)
{
    uint64_t x = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

size_t dice_below(struct dice *dice, size_t n)
{
    return (size_t)(dice_roll(dice) % n);
}

const struct person *invent_person(uint64_t i)
{
    return &people[i % COUNT(people)];
}

const struct label *invent_label(uint64_t i)
{
    return &labels[i % COUNT(labels)];
}

const struct label *invent_label_named(const char *name)
{
    for (size_t i = 0; i < COUNT(labels); i++) {
        if (strcmp(labels[i].name, name) == 0) {
            return &labels[i];
        }
    }
    return NULL;
}

void invent_title(struct dice *dice, char *out, size_t size)
{
    if (dice_below(dice, 3) == 0) {
        snprintf(out, size, "%s the %s", ANY(dice, wishes), ANY(dice, places));
        return;
    }
    const char *trouble = ANY(dice, troubles), *place = ANY(dice, places);
    snprintf(out, size, "%s in %s %s", trouble, place, ANY(dice, moments));
}

const char *invent_paragraph(struct dice *dice)
{
    return ANY(dice, paragraphs);
}

void invent_commit(struct dice *dice, char *out, size_t size)
{
    const char *verb = ANY(dice, verbs);
    snprintf(out, size, "%s %s", verb, ANY(dice, things));
}

void invent_filename(struct dice *dice, char *out, size_t size)
{
    const char *document = ANY(dice, documents);
    unsigned year = 2019 + (unsigned)dice_below(dice, 7);
    snprintf(out, size, "%s %u.%s", document, year, ANY(dice, extensions));
}

const char *invent_subject(struct dice *dice)
{
    return ANY(dice, subjects);
}

/* `len` characters out of an alphabet. */
static void spell(struct dice *dice, char *out, size_t len, const char *alphabet, size_t letters)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = alphabet[dice_below(dice, letters)];
    }
    out[len] = '\0';
}

void invent_hex(struct dice *dice, char *out, size_t len)
{
    spell(dice, out, len, "0123456789abcdef", 16);
}

void invent_opaque(struct dice *dice, char *out, size_t len)
{
    spell(dice, out, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 64);
}

void invent_uuid(struct dice *dice, char out[37])
{
    static const char hex[] = "0123456789abcdef";
    uint64_t halves[2] = {dice_roll(dice), dice_roll(dice)};
    for (int i = 0, digit = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            out[i] = '-';
            continue;
        }
        out[i] = hex[halves[digit / 16] >> (digit % 16 * 4) & 15];
        digit++;
    }
    out[14] = '4';
    out[36] = '\0';
}
