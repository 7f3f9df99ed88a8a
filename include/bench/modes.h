/* SPDX-License-Identifier: Apache-2.0 */
/* modes - what can be asked of any Hanaper; each works on a struct world. */
#ifndef BENCH_MODES_H
#define BENCH_MODES_H

#include "bench/load.h"
#include "bench/world.h"

/* Ends with a row whose name is NULL. */
extern const struct load_mode modes_table[];

const struct load_mode *modes_find(const struct load_mode *table, const char *name);

/* "status 422: ...", what the server said; LOAD_WRONG. */
enum load_next modes_wrong(const struct reply *r, struct err *e);
/* The proof of whatever a certificate came from: octets are PEM, by the stock's item. */
MUST_CHECK bool modes_prove_certificate(void *world, const struct load_kept *k,
    struct err *e);
#define MODES_PEM_CHAIN "Accept: application/pem-certificate-chain\r\n"

/* Of modes_status.c. */
bool modes_ocsp_get(struct load_conn *c, struct err *e);
bool modes_ocsp_post(struct load_conn *c, struct err *e);
bool modes_ocsp_nonce(struct load_conn *c, struct err *e);
enum load_next modes_ocsp_answer(struct load_conn *c, const struct reply *r,
    struct err *e);
enum load_next modes_nonce_answer(struct load_conn *c, const struct reply *r,
    struct err *e);
MUST_CHECK bool modes_prove_ocsp(void *world, const struct load_kept *k, struct err *e);
MUST_CHECK bool modes_prove_nonce(void *world, const struct load_kept *k,
    struct err *e);
bool modes_crl(struct load_conn *c, struct err *e);
enum load_next modes_crl_answer(struct load_conn *c, const struct reply *r,
    struct err *e);
MUST_CHECK bool modes_prove_crl(void *world, const struct load_kept *k, struct err *e);

#endif
