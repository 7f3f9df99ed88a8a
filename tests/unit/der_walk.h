/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der_walk - one DER structure with one thing wrong, at each place of it in turn.
 *
 * Each element, also of those within OCTET and BIT STRINGs, is left out, emptied,
 * doubled, given another tag, shortened, lengthened or changed; the lengths around it
 * are put right, so that a parser comes to that very element.
 */
#ifndef UNIT_DER_WALK_H
#define UNIT_DER_WALK_H

#include "base/bytes.h"

/* 'each' borrows the octets for the call.  Gives how many there were. */
size_t der_walk(struct bytes der, void (*each)(void *arg, struct bytes wrong),
    void *arg);

#endif
