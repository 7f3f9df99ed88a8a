/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der_mutate - inputs that are DER, changed as DER.
 *
 * A flipped bit mostly makes a length wrong, and the reader gives up where it is.
 * This takes the tree apart, changes one element of it, and writes it with lengths
 * that fit again, so that what is judged is the element.
 *
 *	FUZZ_DER(1) // in a target: behind its first octet is DER
 */
#ifndef DER_MUTATE_H
#define DER_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* As LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver; the first 'head' octets are no DER. */
size_t der_mutate(uint8_t *p, size_t n, size_t max, unsigned seed, size_t head);
size_t der_mutate_cross(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n,
    uint8_t *ret, size_t max, unsigned seed, size_t head);

#ifdef FUZZ_TOGETHER
#define FUZZ_DER(head) extern int der_mutate_unused
#else
#define FUZZ_DER(head)                                                                 \
	size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max,               \
	    unsigned seed);                                                            \
	size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max,               \
	    unsigned seed)                                                             \
	{                                                                              \
		return der_mutate(p, n, max, seed, head);                              \
	}                                                                              \
	size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_n,                 \
	    const uint8_t *b, size_t b_n, uint8_t *ret, size_t max, unsigned seed);    \
	size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_n,                 \
	    const uint8_t *b, size_t b_n, uint8_t *ret, size_t max, unsigned seed)     \
	{                                                                              \
		return der_mutate_cross(a, a_n, b, b_n, ret, max, seed, head);         \
	}                                                                              \
	extern int der_mutate_unused /* takes the semicolon */
#endif

#endif
