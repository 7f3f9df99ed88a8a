check_PROGRAMS += tests/unit/key/unit_key
TESTS += tests/unit/key/unit_key
tests_unit_key_unit_key_SOURCES = \
	$(FAULTY_GNUTLS) \
	tests/unit/key/test_key_faulty.c \
	tests/unit/key/test_key_file.c \
	tests/unit/key/test_key.c \
	tests/unit/key/test_key_sign.c
tests_unit_key_unit_key_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src \
	-DHNP_TESTDATA='"$(abs_top_srcdir)/tests/data"'
tests_unit_key_unit_key_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_GNUTLS_WRAP)
tests_unit_key_unit_key_LDADD = libhnp_key.a libhnp_sys.a libhnp_codec.a libhnp_base.a $(GNUTLS_LIBS) $(UNIT_LIBS)
EXTRA_DIST += \
	tests/data/key/ed25519.pem \
	tests/data/key/p256-encrypted.pem \
	tests/data/key/p256-sec1.pem \
	tests/data/key/rsa1024.pem \
	tests/data/key/rsa2048-pkcs1.pem \
	tests/data/key/secp224r1.pem
