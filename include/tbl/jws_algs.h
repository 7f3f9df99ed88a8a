/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature algorithms of JWS (RFC 7518 3.1, RFC 8037 3.1), written once.
 *
 * JWS_ALG(name, KEY_ALG, GnuTLS's signature): by a public key, what ACME requests
 * are signed with.  JWS_MAC(name, GnuTLS's MAC, octets): by a shared key, for
 * external accounts and nothing else.
 */
/* clang-format off */
#ifdef JWS_ALG
JWS_ALG(ES256, ECDSA_P256, ECDSA_SHA256)
JWS_ALG(ES384, ECDSA_P384, ECDSA_SHA384)
JWS_ALG(ES512, ECDSA_P521, ECDSA_SHA512)
JWS_ALG(RS256, RSA,        RSA_SHA256)
JWS_ALG(EdDSA, ED25519,    EDDSA_ED25519)
#endif
#ifdef JWS_MAC
JWS_MAC(HS256, SHA256, 32)
JWS_MAC(HS384, SHA384, 48)
JWS_MAC(HS512, SHA512, 64)
#endif
/* clang-format on */
