/*
 * Dates of HTTP, read by hand, as the C library's reader knows of locales and time zones; and
 * Retry-After, which may be one.
 */
#include "http/http_date.h"

#include "base/text.h"

#include <string.h>

static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct civil {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second;
};

/* The readers below move *at past what they read, and leave it anywhere when they return false. */

/* Reads exactly this text. */
static bool read_text(const char **at, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

/* Reads exactly `count` digits. */
static bool read_digits(const char **at, int count, int *out)
{
    int value = 0;
    for (; count > 0; count--, (*at)++) {
        if (!text_is_digit(**at)) {
            return false;
        }
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return true;
}

/* Reads the first three letters of a month; *month is from 1. */
static bool read_month(const char **at, int *month)
{
    for (int i = 0; i < 12; i++) {
        if (read_text(at, month_names[i])) {
            *month = i + 1;
            return true;
        }
    }
    return false;
}

/*
 * Reads a weekday, in full or its first three letters. Whether it is the right one is not looked
 * at.
 */
static bool read_weekday(const char **at, bool full)
{
    for (int i = 0; i < 7; i++) {
        size_t len = full ? strlen(day_names[i]) : 3;
        if (strncmp(*at, day_names[i], len) == 0) {
            *at += len;
            return true;
        }
    }
    return false;
}

/* Reads "08:49:37"; whether there is such a time is looked at later. */
static bool read_time(const char **at, struct civil *out)
{
    return read_digits(at, 2, &out->hour) && read_text(at, ":") &&
           read_digits(at, 2, &out->minute) && read_text(at, ":") &&
           read_digits(at, 2, &out->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_fixdate(const char *at, struct civil *out)
{
    return read_weekday(&at, false) && read_text(&at, ", ") && read_digits(&at, 2, &out->day) &&
           read_text(&at, " ") && read_month(&at, &out->month) && read_text(&at, " ") &&
           read_digits(&at, 4, &out->year) && read_text(&at, " ") && read_time(&at, out) &&
           read_text(&at, " GMT") && *at == '\0';
}

/*
 * "Sunday, 06-Nov-94 08:49:37 GMT". Years from 70 are of the last century, as POSIX nearly has it.
 */
static bool read_rfc850(const char *at, struct civil *out)
{
    bool ok = read_weekday(&at, true) && read_text(&at, ", ") && read_digits(&at, 2, &out->day) &&
              read_text(&at, "-") && read_month(&at, &out->month) && read_text(&at, "-") &&
              read_digits(&at, 2, &out->year) && read_text(&at, " ") && read_time(&at, out) &&
              read_text(&at, " GMT") && *at == '\0';
    out->year += out->year < 70 ? 2000 : 1900;
    return ok;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(const char *at, struct civil *out)
{
    if (!read_weekday(&at, false) || !read_text(&at, " ") || !read_month(&at, &out->month) ||
        !read_text(&at, " ")) {
        return false;
    }
    bool day =
        read_text(&at, " ") ? read_digits(&at, 1, &out->day) : read_digits(&at, 2, &out->day);
    return day && read_text(&at, " ") && read_time(&at, out) && read_text(&at, " ") &&
           read_digits(&at, 4, &out->year) && *at == '\0';
}

/* True when such a day and time exist; second 60 is a leap second's. */
static bool exists(const struct civil *c)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
    int length = lengths[c->month - 1] + (c->month == 2 && leap ? 1 : 0);
    return c->year >= 1 && c->day >= 1 && c->day <= length && c->hour <= 23 && c->minute <= 59 &&
           c->second <= 60;
}

/* Unix seconds. Years are counted from March, so that the leap day is a year's last. */
static int64_t to_unix(const struct civil *c)
{
    int64_t year = c->month > 2 ? c->year : c->year - 1;
    int64_t month = c->month > 2 ? c->month - 3 : c->month + 9;
    int64_t days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + c->day - 1;
    const int64_t days_to_1970 = 719468;
    return (days - days_to_1970) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
}

/* The three forms differ within their first bytes, so trying them in turn costs little. */
bool http_date(const char *text, int64_t *unix_seconds)
{
    struct civil c = {0};
    if (!read_fixdate(text, &c) && !read_rfc850(text, &c) && !read_asctime(text, &c)) {
        return false;
    }
    if (!exists(&c)) {
        return false;
    }
    *unix_seconds = to_unix(&c);
    return true;
}

/* Reads "12" or "1.5"; false when there is anything else. */
static bool read_seconds(const char *at, double *out)
{
    double value = 0;
    double unit = 1;
    if (!text_is_digit(*at)) {
        return false;
    }
    for (; text_is_digit(*at); at++) {
        value = value * 10 + (*at - '0');
    }
    if (*at == '.' && text_is_digit(at[1])) {
        for (at++; text_is_digit(*at); at++) {
            unit /= 10;
            value += unit * (*at - '0');
        }
    }
    *out = value;
    return *at == '\0';
}

/* A date that is past means now. */
double http_retry_after(const char *text, int64_t now_unix)
{
    double seconds;
    int64_t date;
    if (!text) {
        return -1;
    }
    if (!read_seconds(text, &seconds)) {
        if (!http_date(text, &date)) {
            return -1;
        }
        seconds = (double)date - (double)now_unix;
    }
    if (seconds < 0) {
        return 0;
    }
    return seconds > HTTP_MAX_WAIT ? HTTP_MAX_WAIT : seconds;
}
