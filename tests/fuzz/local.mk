# The targets of contrib/fuzz, all in one program that gives each the inputs that are kept.
FUZZ_LIBS = libhnp_api.a libhnp_cli.a libhnp_bench.a libhnp_ca.a libhnp_store.a libhnp_policy.a libhnp_probe.a \
	libhnp_journal.a libhnp_key.a libhnp_http.a libhnp_jose.a libhnp_x509.a libhnp_db.a libhnp_conf.a libhnp_ipc.a \
	libhnp_sys.a libhnp_codec.a libhnp_base.a

check_PROGRAMS += tests/fuzz/unit_fuzz
TESTS += tests/fuzz/unit_fuzz
tests_fuzz_unit_fuzz_SOURCES = \
	tests/fuzz/der_mutate.c \
	tests/fuzz/der_mutate.h \
	tests/fuzz/fuzz.h \
	tests/fuzz/api_world.c \
	tests/fuzz/api_world.h \
	tests/fuzz/fuzz_acme.c \
	tests/fuzz/fuzz_api.c \
	tests/fuzz/fuzz_archive.c \
	tests/fuzz/fuzz_cert.c \
	tests/fuzz/fuzz_conf.c \
	tests/fuzz/fuzz_csr.c \
	tests/fuzz/fuzz_der.c \
	tests/fuzz/fuzz_http.c \
	tests/fuzz/fuzz_ipc.c \
	tests/fuzz/fuzz_journal.c \
	tests/fuzz/fuzz_json.c \
	tests/fuzz/fuzz_jws.c \
	tests/fuzz/fuzz_kept.c \
	tests/fuzz/fuzz_lint.c \
	tests/fuzz/fuzz_names.c \
	tests/fuzz/fuzz_nonce.c \
	tests/fuzz/fuzz_ocsp.c \
	tests/fuzz/fuzz_pem.c \
	tests/fuzz/fuzz_probe.c \
	tests/fuzz/fuzz_reply.c \
	tests/fuzz/fuzz_route.c \
	tests/fuzz/fuzz_text.c \
	tests/fuzz/fuzz_uri.c \
	tests/fuzz/fuzz_view.c \
	tests/fuzz/fuzz_wire.c \
	tests/fuzz/targets.h \
	tests/fuzz/test_fuzz.c
tests_fuzz_unit_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TOGETHER -DHNP_FUZZ_INPUTS='"$(abs_top_srcdir)/tests/fuzz"'
tests_fuzz_unit_fuzz_LDADD = $(FUZZ_LIBS) $(FUZZ_LIBS) $(MHD_LIBS) $(SQLITE_LIBS) $(CURL_LIBS) $(CARES_LIBS) \
	$(JANSSON_LIBS) $(CYAML_LIBS) $(GNUTLS_LIBS) $(TASN1_LIBS) $(IDN2_LIBS) $(GMP_LIBS) $(UNIT_LIBS)
