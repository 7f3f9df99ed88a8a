/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention - old rows of the audit are taken out, so that a database does not grow
 * by what strangers try (S32): a few at a time, by the spans of the configuration.
 */
#ifndef CA_RETENTION_H
#define CA_RETENTION_H

#include "ca/ca.h"

struct retention;

struct retention *retention_new(struct ca *ca);
void retention_free(struct retention *r); /* NULL is fine */
/* The database may be written from here on. */
void retention_start(struct retention *r);

#endif
