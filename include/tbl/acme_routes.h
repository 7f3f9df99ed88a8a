/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every resource below /acme/{directory}/ (RFC 8555 7.1).
 *
 * ACME_ROUTE(path, methods, gate, payload, handler): src/api/acme_*.c have
 * acme_on_HANDLER.  Methods: what may come plainly; POST is always a JWS.  Payload:
 * PAYLOAD_GET takes POST-as-GET alone, PAYLOAD_OBJECT an object alone, PAYLOAD_BOTH either.
 */
/* clang-format off */
ACME_ROUTE("directory",            "GET",  ACME_GATE_OPEN,   PAYLOAD_GET,    directory)
ACME_ROUTE("new-nonce",            "GET",  ACME_GATE_OPEN,   PAYLOAD_GET,    new_nonce)
ACME_ROUTE("new-account",          "",     ACME_GATE_JWK,    PAYLOAD_OBJECT, new_account)
ACME_ROUTE("account/:id",          "",     ACME_GATE_KID,    PAYLOAD_BOTH,   account)
ACME_ROUTE("account/:id/orders",   "",     ACME_GATE_KID,    PAYLOAD_GET,    account_orders)
ACME_ROUTE("key-change",           "",     ACME_GATE_KID,    PAYLOAD_OBJECT, key_change)
ACME_ROUTE("new-order",            "",     ACME_GATE_KID,    PAYLOAD_OBJECT, new_order)
ACME_ROUTE("new-authz",            "",     ACME_GATE_KID,    PAYLOAD_OBJECT, new_authz)
ACME_ROUTE("order/:id",            "",     ACME_GATE_KID,    PAYLOAD_GET,    order)
ACME_ROUTE("order/:id/finalize",   "",     ACME_GATE_KID,    PAYLOAD_OBJECT, order_finalize)
ACME_ROUTE("authz/:id",            "",     ACME_GATE_KID,    PAYLOAD_BOTH,   authz)
ACME_ROUTE("challenge/:id",        "",     ACME_GATE_KID,    PAYLOAD_BOTH,   challenge)
ACME_ROUTE("certificate/:id",      "",     ACME_GATE_KID,    PAYLOAD_GET,    certificate)
ACME_ROUTE("certificate/:id/:n",   "",     ACME_GATE_KID,    PAYLOAD_GET,    certificate)
ACME_ROUTE("revoke-cert",          "",     ACME_GATE_EITHER, PAYLOAD_OBJECT, revoke_cert)
ACME_ROUTE("renewal-info/:id",     "GET",  ACME_GATE_OPEN,   PAYLOAD_GET,    renewal_info)
/* clang-format on */
