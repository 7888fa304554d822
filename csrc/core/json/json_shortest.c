/*
 * The shortest decimal text that reads back as the same double. Called by the writer; it never asks
 * the locale.
 */
#include <float.h>

#include "json/json_big.h"
#include "json/json_internal.h"

/*
 * Double to text: the shortest that reads back as the same double, whatever the locale.
 *
 * Few decimals are found by trying; the rest takes exact integers.
 */

/* The digits of a positive double: 0.d1d2d3... * 10^point. */
struct digits {
    char text[20];
    int n;
    int point;
};

/* Takes the decimal apart whose digits are those of `m`, `decimals` of them after the point. */
static void set_digits(struct digits *out, uint64_t m, int decimals)
{
    char reversed[20];
    int n = 0;

    for (; m > 0; m /= 10) {
        reversed[n++] = (char)('0' + m % 10);
    }
    for (int i = 0; i < n; i++) {
        out->text[i] = reversed[n - 1 - i];
    }
    out->n = n;
    out->point = n - decimals;
}

/*
 * Finds a decimal of at most 15 digits that reads back as `value`. Two such decimals are farther
 * from each other than doubles are, so the first one found is the shortest. False when there is
 * none.
 */
static bool find_short(struct digits *out, double value)
{
    const double limit = 1e15, least = 1e-7;

    if (FLT_EVAL_METHOD != 0 || value < least) {
        return false;
    }
    for (int k = 0; k <= JSON_MAX_EASY_POWER && value * json_powers_of_ten[k] < limit; k++) {
        uint64_t m = (uint64_t)(value * json_powers_of_ten[k] + 0.5);

        if ((double)m / json_powers_of_ten[k] == value) {
            set_digits(out, m, k);
            return true;
        }
    }
    return false;
}

/*
 * Steele and White's free-format algorithm ("Dragon4"): the value is r / s, the distances to the
 * midpoints above and below, up to which everything reads back as the value, are above / s and
 * below / s.
 */
struct dragon {
    struct json_big r, s, above, below, sum;
    bool even; /* the midpoints themselves read back as the value too */
};

/* Sets up the fractions for a positive double; returns a point that is right or one too low. */
static int dragon_start(struct dragon *d, uint64_t bits)
{
    int exponent, top = -1, point;
    uint64_t m = json_split_double(bits, &exponent);
    /* Below a power of two the doubles are twice as dense. */
    bool power = (m == UINT64_C(1) << JSON_MANTISSA_BITS) && exponent > JSON_MIN_EXPONENT;
    uint32_t up = exponent > 0 ? (uint32_t)exponent : 0;
    uint32_t down = exponent < 0 ? (uint32_t)-exponent : 0;
    double estimate;

    for (uint64_t rest = m; rest > 0; rest >>= 1) {
        top++;
    }
    json_big_set(&d->r, m);
    json_big_set(&d->s, 1);
    json_big_set(&d->above, 1);
    json_big_set(&d->below, 1);
    json_big_shift_left(&d->r, up + 1 + power);
    json_big_shift_left(&d->s, down + 1 + power);
    json_big_shift_left(&d->above, up + power);
    json_big_shift_left(&d->below, up);
    d->even = m % 2 == 0;
    estimate = (top + exponent) * 0.30102999566398120 - 1e-10;
    point = (int)estimate;
    return estimate > point ? point + 1 : point;
}

/* Multiplies all but s: the fraction and the distances move one or more digits up together. */
static void dragon_multiply(struct dragon *d, uint32_t power_of_ten)
{
    json_big_multiply_10(&d->r, power_of_ten);
    json_big_multiply_10(&d->above, power_of_ten);
    json_big_multiply_10(&d->below, power_of_ten);
}

/* True when what is left, rounded up to a whole, still reads back as the value. */
static bool dragon_reaches_one(struct dragon *d)
{
    int order;

    json_big_add(&d->sum, &d->r, &d->above);
    order = json_big_compare(&d->sum, &d->s);
    return order > 0 || (order == 0 && d->even);
}

/* True when what is left, cut off, still reads back as the value. */
static bool dragon_reaches_zero(const struct dragon *d)
{
    int order = json_big_compare(&d->r, &d->below);

    return order < 0 || (order == 0 && d->even);
}

/* Takes the whole part of r / s, one decimal digit, out of r. */
static int dragon_digit(struct dragon *d)
{
    int digit = 0;

    while (json_big_compare(&d->r, &d->s) >= 0) {
        json_big_subtract(&d->r, &d->s);
        digit++;
    }
    return digit;
}

/*
 * True when the rest is nearer to one than to zero; at the middle, when `digit` becomes even by it.
 */
static bool dragon_rounds_up(struct dragon *d, int digit)
{
    int order;

    json_big_add(&d->sum, &d->r, &d->r);
    order = json_big_compare(&d->sum, &d->s);
    return order > 0 || (order == 0 && digit % 2 == 1);
}

/* The shortest digits that read back as the value; of several, the nearest. */
static void find_shortest(struct digits *out, uint64_t bits)
{
    struct dragon d;
    bool low, high;
    int digit;

    out->n = 0;
    out->point = dragon_start(&d, bits);
    if (out->point >= 0) {
        json_big_multiply_10(&d.s, (uint32_t)out->point);
    } else {
        dragon_multiply(&d, (uint32_t)-out->point);
    }
    if (dragon_reaches_one(&d)) {
        out->point++;
    } else {
        dragon_multiply(&d, 1);
    }
    for (;;) {
        digit = dragon_digit(&d);
        low = dragon_reaches_zero(&d);
        high = dragon_reaches_one(&d);
        if (low || high) {
            break;
        }
        out->text[out->n++] = (char)('0' + digit);
        dragon_multiply(&d, 1);
    }
    digit += low && high ? dragon_rounds_up(&d, digit) : high;
    out->text[out->n++] = (char)('0' + digit);
}

/* These return the position after what they wrote. */
static char *put(char *out, const char *text, int len)
{
    memcpy(out, text, (size_t)len);
    return out + len;
}

/* `n` may be 0. */
static char *put_zeros(char *out, int n)
{
    memset(out, '0', (size_t)n);
    return out + n;
}

/* Writes without exponent: 0.00012, 1.25 or 1200.0. */
static char *put_fixed(char *out, const struct digits *d)
{
    int whole = d->point < d->n ? d->point : d->n;

    if (d->point <= 0) {
        out = put(out, "0.", 2);
        out = put_zeros(out, -d->point);
        return put(out, d->text, d->n);
    }
    out = put(out, d->text, whole);
    out = put_zeros(out, d->point - whole);
    *out++ = '.';
    return whole < d->n ? put(out, d->text + whole, d->n - whole) : put_zeros(out, 1);
}

/* Writes with exponent: 1e16 or 2.5e-7. */
static char *put_scientific(char *out, const struct digits *d)
{
    int exponent = d->point - 1;
    struct digits power;

    *out++ = d->text[0];
    if (d->n > 1) {
        *out++ = '.';
        out = put(out, d->text + 1, d->n - 1);
    }
    *out++ = 'e';
    if (exponent < 0) {
        *out++ = '-';
        exponent = -exponent;
    }
    set_digits(&power, (uint64_t)exponent, 0);
    return put(out, power.text, power.n);
}

/* From 1e-4 up to below 1e16 without an exponent, as people write them. */
size_t json_format_double(char *out, double value)
{
    uint64_t bits = json_bits_of(value) & INT64_MAX;
    char *p = out;
    struct digits d;

    if (bits != json_bits_of(value)) {
        *p++ = '-';
    }
    if (bits == 0) {
        return (size_t)(put(p, "0.0", 3) - out);
    }
    if (!find_short(&d, json_double_of(bits))) {
        find_shortest(&d, bits);
    }
    if (d.point > -4 && d.point <= 16) {
        p = put_fixed(p, &d);
    } else {
        p = put_scientific(p, &d);
    }
    return (size_t)(p - out);
}
