/*
 * Numbers of JSON to machine numbers without losing a digit. Called by the reader; it never asks
 * the locale.
 */
#include <float.h>
#include <math.h>

#include "json/json_big.h"
#include "json/json_internal.h"

/*
 * Text to number, exact and deaf to the locale.
 *
 * Most numbers have few digits: those take one multiplication or division of exact doubles. For the
 * rest the integers themselves are compared.
 */

#define READ_DIGITS 780    /* digits that can matter: a midpoint between doubles has at most 767 */
#define MAX_MAGNITUDE 310  /* 10^309 is past all doubles */
#define MIN_MAGNITUDE -330 /* 10^-330 is nearer to 0 than to any other */
#define INFINITE_BITS UINT64_C(0x7ff0000000000000)
#define TWO_53 (UINT64_C(1) << 53)

/* IEEE 754 rounds a product or a quotient correctly; where registers are wider that is not so. */
bool json_easy_double(uint64_t m, int64_t exp10, double *value)
{
    if (m == 0) {
        *value = 0;
        return true;
    }
    if (FLT_EVAL_METHOD != 0 || m > TWO_53 || exp10 < -JSON_MAX_EASY_POWER ||
        exp10 > JSON_MAX_EASY_POWER) {
        return false;
    }
    if (exp10 < 0) {
        *value = (double)m / json_powers_of_ten[-exp10];
    } else {
        *value = (double)m * json_powers_of_ten[exp10];
    }
    return true;
}

/* The digits of a number, as an integer times a power of ten. */
struct decimal {
    struct json_big value; /* the first READ_DIGITS digits; a 1 after stands for all later ones */
    int64_t exp10;
    uint64_t lead;      /* the first 19 digits */
    uint32_t digits;    /* of value, leading zeros not counted */
    uint32_t pending;   /* digits gathered before they go into value, at most 9 */
    uint32_t pending_n; /* how many */
    bool more;          /* a digit other than 0 was left out */
};

/* Nine digits fit a limb: value is multiplied once for all of them. */
static void flush(struct decimal *d)
{
    static const uint32_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};

    json_big_multiply(&d->value, powers[d->pending_n], d->pending);
    d->pending = 0;
    d->pending_n = 0;
}

/* Takes the next digit; `after_point` is 1 for one of the fraction. */
static void take_digit(struct decimal *d, uint32_t digit, int after_point)
{
    if (d->digits == 0 && digit == 0) {
        d->exp10 -= after_point;
        return;
    }
    if (d->digits == READ_DIGITS) {
        d->more = d->more || digit != 0;
        d->exp10 += 1 - after_point;
        return;
    }
    d->exp10 -= after_point;
    d->digits++;
    d->pending = d->pending * 10 + digit;
    if (++d->pending_n == 9) {
        flush(d);
    }
    if (d->digits <= 19) {
        d->lead = d->lead * 10 + digit;
    }
}

/* Reads the exponent after its "e". One past any text's length is as good as an endless one. */
static int64_t read_exponent(const char *p, const char *end)
{
    const int64_t limit = INT64_MAX / 100;
    int64_t value = 0;
    bool minus = *p == '-';

    if (*p == '-' || *p == '+') {
        p++;
    }
    for (; p < end; p++) {
        value = value < limit ? value * 10 + (*p - '0') : limit;
    }
    return minus ? -value : value;
}

/* Fills `d` from an unsigned number's text. */
static void read_decimal(struct decimal *d, const char *p, const char *end)
{
    int after_point = 0;

    d->value.n = 0;
    d->exp10 = 0;
    d->lead = 0;
    d->digits = d->pending = d->pending_n = 0;
    d->more = false;
    for (; p < end && (text_is_digit(*p) || *p == '.'); p++) {
        if (*p == '.') {
            after_point = 1;
        } else {
            take_digit(d, (uint32_t)(*p - '0'), after_point);
        }
    }
    flush(d);
    if (d->more) {
        json_big_multiply(&d->value, 10, 1);
        d->digits++;
        d->exp10--;
    }
    if (p < end) {
        d->exp10 += read_exponent(p + 1, end);
    }
}

/* value * 10^exp10 with a few roundings on the way; infinite or 0 where it leaves the doubles. */
static double scale(double value, int exp10)
{
    static const double powers[] = {1e16, 1e32, 1e64, 1e128, 1e256};
    unsigned n = (unsigned)(exp10 < 0 ? -exp10 : exp10);

    value = exp10 < 0 ? value / json_powers_of_ten[n % 16] : value * json_powers_of_ten[n % 16];
    n /= 16;
    for (size_t i = 0; n > 0; i++, n /= 2) {
        if (n % 2 == 1) {
            value = exp10 < 0 ? value / powers[i] : value * powers[i];
        }
    }
    return value;
}

/* Compares the decimal with the midpoint between a double and the next one up. */
static int compare_midpoint(const struct decimal *d, uint64_t bits)
{
    struct json_big left = d->value, right;
    int exponent;
    uint64_t m = json_split_double(bits, &exponent);
    int shift = (int)d->exp10 - (exponent - 1);

    json_big_set(&right, 2 * m + 1);
    if (d->exp10 >= 0) {
        json_big_multiply_5(&left, (uint32_t)d->exp10);
    } else {
        json_big_multiply_5(&right, (uint32_t)-d->exp10);
    }
    if (shift >= 0) {
        json_big_shift_left(&left, (uint32_t)shift);
    } else {
        json_big_shift_left(&right, (uint32_t)-shift);
    }
    return json_big_compare(&left, &right);
}

/* Walks from a double that is near to the nearest one; of two that are as near, to the even one. */
static uint64_t walk_to_nearest(const struct decimal *d, uint64_t bits)
{
    while (bits < INFINITE_BITS) {
        int order = compare_midpoint(d, bits);

        if (order < 0 || (order == 0 && bits % 2 == 0)) {
            break;
        }
        bits++;
    }
    while (bits > 0) {
        int order = compare_midpoint(d, bits - 1);

        if (order > 0 || (order == 0 && bits % 2 == 0)) {
            break;
        }
        bits--;
    }
    return bits;
}

/* The nearest double to a decimal: a guess from its first digits, then the exact search. */
static double nearest(const struct decimal *d)
{
    int64_t magnitude = d->exp10 + d->digits;
    uint32_t lead_digits = d->digits < 19 ? d->digits : 19;
    double guess;

    if (d->digits == 0 || magnitude < MIN_MAGNITUDE) {
        return 0;
    }
    if (magnitude > MAX_MAGNITUDE) {
        return HUGE_VAL;
    }
    guess = scale((double)d->lead, (int)(magnitude - lead_digits));
    if (guess > DBL_MAX) {
        guess = DBL_MAX;
    }
    return json_double_of(walk_to_nearest(d, json_bits_of(guess)));
}

/* The sign is kept apart: -0.0 and what rounds to it stay negative. */
double json_read_double(const char *text, size_t len)
{
    const char *end = text + len;
    bool minus = *text == '-';
    struct decimal d;
    double value;

    read_decimal(&d, text + minus, end);
    value = nearest(&d);
    return minus ? -value : value;
}

/* Leading zeros would do no harm; JSON has none. */
bool json_read_integer(const char *text, size_t len, struct json_node *node)
{
    bool minus = *text == '-';
    uint64_t value = 0;

    for (size_t i = minus; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');

        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    return json_set_integer(node, value, minus);
}

/* INT64_MIN is named, as its magnitude is no int64_t that could be negated. */
bool json_set_integer(struct json_node *node, uint64_t value, bool minus)
{
    if (minus) {
        if (value > (uint64_t)INT64_MAX + 1) {
            return false;
        }
        node->type = JSON_INT;
        node->v.i = value > INT64_MAX ? INT64_MIN : -(int64_t)value;
    } else if (value <= INT64_MAX) {
        node->type = JSON_INT;
        node->v.i = (int64_t)value;
    } else {
        node->type = JSON_UINT;
        node->v.u = value;
    }
    return true;
}
