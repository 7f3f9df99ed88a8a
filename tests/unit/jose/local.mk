check_PROGRAMS += tests/unit/jose/unit_jose
TESTS += tests/unit/jose/unit_jose
tests_unit_jose_unit_jose_SOURCES = \
	$(FAULTY_GNUTLS) \
	tests/unit/jose/test_faulty.c \
	tests/unit/jose/case.c \
	tests/unit/jose/case.h \
	tests/unit/jose/rfc.h \
	tests/unit/jose/test_eab.c \
	tests/unit/jose/test_jwk.c \
	tests/unit/jose/test_jwk_cache.c \
	tests/unit/jose/test_jws.c \
	tests/unit/jose/test_jws_verify.c \
	tests/unit/jose/test_nonce.c \
	tests/unit/jose/test_nonce_file.c \
	tests/unit/jose/vectors.h
tests_unit_jose_unit_jose_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_GNUTLS_WRAP)
tests_unit_jose_unit_jose_LDADD = libhnp_jose.a libhnp_sys.a libhnp_codec.a libhnp_base.a \
	$(GNUTLS_LIBS) $(JANSSON_LIBS) -lpthread $(UNIT_LIBS)
