/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/hex.h"
#include "jose/eab.h"

/* A121: 32 octets, without padding; one master gives each kid its own key. */
Test(eab, a_key_is_an_hmac_of_the_kid_under_the_master)
{
	uint8_t master[32], key[EAB_KEY_LEN], other[EAB_KEY_LEN];
	char text[EAB_KEY_TEXT], hex[2 * EAB_KEY_LEN + 1];

	for (size_t i = 0; i < sizeof(master); i++)
		master[i] = (uint8_t)i;
	eab_key_derive(bytes_of(master, sizeof(master)), "kid-1", key);
	hex_write(bytes_of(key, sizeof(key)), hex);
	eab_key_text(key, text);
	/* by python's hmac */
	cr_expect_str_eq(hex,
	    "d3df47e1915cc1a778158db164e210a855c232aa5ce1783a5f97c5a524e3a72b");
	cr_expect_str_eq(text, "099H4ZFcwad4FY2xZOIQqFXCMqpc4Xg6X5fFpSTjpys");

	eab_key_derive(bytes_of(master, sizeof(master)), "kid-2", other);
	cr_expect_neq(memcmp(key, other, sizeof(key)), 0);
	master[31] ^= 1;
	eab_key_derive(bytes_of(master, sizeof(master)), "kid-1", other);
	cr_expect_neq(memcmp(key, other, sizeof(key)), 0);
}
