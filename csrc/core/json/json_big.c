/*
 * Whole numbers of any length, for doubles that the quick ways can't decide. Called by
 * json_number.c and json_shortest.c; it allocates nothing.
 */
#include "json/json_big.h"

const double json_powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The carry fits: (2^32 - 1)^2 + 2^32 - 1 is below 2^64. */
void json_big_multiply(struct json_big *b, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;

    for (uint32_t i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limb[i] * factor;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0) {
        b->limb[b->n++] = (uint32_t)carry;
    }
}

/* A limb that would be 0 is not kept. */
void json_big_set(struct json_big *b, uint64_t value)
{
    b->n = 0;
    if (value > UINT32_MAX) {
        b->limb[0] = (uint32_t)value;
        b->limb[1] = (uint32_t)(value >> 32);
        b->n = 2;
    } else if (value > 0) {
        b->limb[0] = (uint32_t)value;
        b->n = 1;
    }
}

/* First the bits within a limb, then whole limbs. */
void json_big_shift_left(struct json_big *b, uint32_t bits)
{
    uint32_t limbs = bits / 32;

    json_big_multiply(b, UINT32_C(1) << (bits % 32), 0);
    if (limbs == 0 || b->n == 0) {
        return;
    }
    memmove(b->limb + limbs, b->limb, b->n * sizeof b->limb[0]);
    memset(b->limb, 0, limbs * sizeof b->limb[0]);
    b->n += limbs;
}

/* 13 powers at a time: 5^13 is the largest that a limb holds. */
void json_big_multiply_5(struct json_big *b, uint32_t n)
{
    static const uint32_t powers[] = {1,       5,        25,        125,       625,
                                      3125,    15625,    78125,     390625,    1953125,
                                      9765625, 48828125, 244140625, 1220703125};

    for (; n >= 13; n -= 13) {
        json_big_multiply(b, powers[13], 0);
    }
    json_big_multiply(b, powers[n], 0);
}

/* 10^n is 5^n * 2^n. */
void json_big_multiply_10(struct json_big *b, uint32_t n)
{
    json_big_multiply_5(b, n);
    json_big_shift_left(b, n);
}

/* Without zero limbs on top, the longer one is the larger. */
int json_big_compare(const struct json_big *a, const struct json_big *b)
{
    if (a->n != b->n) {
        return a->n < b->n ? -1 : 1;
    }
    for (uint32_t i = a->n; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

/* `sum` may be one of the two. */
void json_big_add(struct json_big *sum, const struct json_big *a, const struct json_big *b)
{
    const struct json_big *more = a->n >= b->n ? a : b, *less = a->n >= b->n ? b : a;
    uint64_t carry = 0;

    for (uint32_t i = 0; i < more->n; i++) {
        carry += more->limb[i];
        carry += i < less->n ? less->limb[i] : 0;
        sum->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    sum->n = more->n;
    if (carry > 0) {
        sum->limb[sum->n++] = (uint32_t)carry;
    }
}

/* Limbs that became 0 are dropped from the top. */
void json_big_subtract(struct json_big *a, const struct json_big *b)
{
    uint64_t borrow = 0;

    for (uint32_t i = 0; i < a->n; i++) {
        uint64_t diff = (uint64_t)a->limb[i] - (i < b->n ? b->limb[i] : 0) - borrow;

        a->limb[i] = (uint32_t)diff;
        borrow = diff >> 63;
    }
    while (a->n > 0 && a->limb[a->n - 1] == 0) {
        a->n--;
    }
}
