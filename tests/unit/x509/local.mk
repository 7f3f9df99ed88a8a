check_PROGRAMS += tests/unit/x509/unit_x509
TESTS += tests/unit/x509/unit_x509
tests_unit_x509_unit_x509_SOURCES = \
	$(FAULTY_GNUTLS) \
	tests/unit/der_walk.c \
	tests/unit/der_walk.h \
	tests/unit/x509/test_walk.c \
	tests/unit/x509/test_faulty.c \
	tests/unit/x509/make.c \
	tests/unit/x509/make.h \
	tests/unit/x509/spki_moduli.h \
	tests/unit/x509/cert_case.c \
	tests/unit/x509/cert_case.h \
	tests/unit/x509/stranger.c \
	tests/unit/x509/stranger.h \
	tests/unit/x509/test_cert.c \
	tests/unit/x509/test_cert_build.c \
	tests/unit/x509/test_certid.c \
	tests/unit/x509/test_constraints.c \
	tests/unit/x509/test_crl.c \
	tests/unit/x509/test_crl_shard.c \
	tests/unit/x509/test_csr.c \
	tests/unit/x509/test_csr_names.c \
	tests/unit/x509/test_dn.c \
	tests/unit/x509/test_ext.c \
	tests/unit/x509/test_names.c \
	tests/unit/x509/test_ocsp.c \
	tests/unit/x509/test_serial.c \
	tests/unit/x509/test_spki.c \
	tests/unit/x509/test_weak_keys.c
tests_unit_x509_unit_x509_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_GNUTLS_WRAP)
tests_unit_x509_unit_x509_LDADD = libhnp_x509.a libhnp_codec.a libhnp_base.a \
	$(GNUTLS_LIBS) $(IDN2_LIBS) $(UNIT_LIBS)
EXTRA_DIST += tests/interop
