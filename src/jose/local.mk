noinst_LIBRARIES += libhnp_jose.a
libhnp_jose_a_SOURCES = \
	src/jose/eab.c \
	src/jose/jwk.c \
	src/jose/jwk_cache.c \
	src/jose/jwk_part.h \
	src/jose/jwk_point.c \
	src/jose/jwk_spki.c \
	src/jose/jwk_verify.c \
	src/jose/jws.c \
	src/jose/jws_verify.c \
	src/jose/nonce.c \
	src/jose/nonce_file.c \
	src/jose/nonce_part.h
