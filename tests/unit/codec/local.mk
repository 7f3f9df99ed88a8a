check_PROGRAMS += tests/unit/codec/unit_codec
TESTS += tests/unit/codec/unit_codec
tests_unit_codec_unit_codec_SOURCES = \
	$(FAULTY_GNUTLS) \
	tests/unit/codec/test_faulty.c \
	tests/unit/codec/test_base64.c \
	tests/unit/codec/test_der.c \
	tests/unit/codec/test_json.c \
	tests/unit/codec/test_json_flat.c \
	tests/unit/codec/test_json_put.c \
	tests/unit/codec/test_pem.c \
	tests/unit/codec/test_prom.c \
	tests/unit/codec/test_tar.c \
	tests/unit/codec/test_token.c \
	tests/unit/codec/test_uri.c \
	tests/unit/codec/test_wire.c
tests_unit_codec_unit_codec_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_GNUTLS_WRAP) \
	-Wl,--wrap=gnutls_base64_encode2,--wrap=gnutls_hash_fast
tests_unit_codec_unit_codec_LDADD = libhnp_codec.a libhnp_base.a $(GNUTLS_LIBS) $(JANSSON_LIBS) $(UNIT_LIBS)
