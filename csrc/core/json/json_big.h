/*
 * json_big: what both directions between number text and double need: naturals of any size, and
 * doubles as bits. Not for other modules.
 */
#ifndef BOSA_JSON_BIG_H
#define BOSA_JSON_BIG_H

#include <stdint.h>
#include <string.h>

#define JSON_BIG_LIMBS 100     /* 3200 bits; reading needs 2733 at most, writing 1140 */
#define JSON_MAX_EASY_POWER 22 /* 10^22 is the largest power of ten that is a double */
#define JSON_MANTISSA_BITS 52
#define JSON_MIN_EXPONENT -1074

/* 10^0 to 10^JSON_MAX_EASY_POWER. */
extern const double json_powers_of_ten[];

/* A natural number, least limb first, no zero limbs on top; 0 has none. */
struct json_big {
    uint32_t n;
    uint32_t limb[JSON_BIG_LIMBS];
};

/*
 * b = b * factor + add. None of these looks whether there are limbs left: callers bound what they
 * ask for.
 */
void json_big_multiply(struct json_big *b, uint32_t factor, uint32_t add);

/* b = value */
void json_big_set(struct json_big *b, uint64_t value);

/* b = b * 2^bits, b * 5^n, b * 10^n */
void json_big_shift_left(struct json_big *b, uint32_t bits);
void json_big_multiply_5(struct json_big *b, uint32_t n);
void json_big_multiply_10(struct json_big *b, uint32_t n);

/* Below, at or above 0 as a is below, at or above b. */
int json_big_compare(const struct json_big *a, const struct json_big *b);

/* sum = a + b */
void json_big_add(struct json_big *sum, const struct json_big *a, const struct json_big *b);

/* a = a - b; b must not be the larger. */
void json_big_subtract(struct json_big *a, const struct json_big *b);

/* Positive doubles are ordered as their bits are. */
static inline double json_double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t json_bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Takes a finite positive double apart: bits = result * 2^exponent. */
static inline uint64_t json_split_double(uint64_t bits, int *exponent)
{
    uint64_t fraction = bits & ((UINT64_C(1) << JSON_MANTISSA_BITS) - 1);
    int field = (int)(bits >> JSON_MANTISSA_BITS);

    if (field == 0) {
        *exponent = JSON_MIN_EXPONENT;
        return fraction;
    }
    *exponent = field - 1 + JSON_MIN_EXPONENT;
    return fraction | (UINT64_C(1) << JSON_MANTISSA_BITS);
}

#endif
