check_PROGRAMS += tests/unit/api/unit_api_front
TESTS += tests/unit/api/unit_api_front
tests_unit_api_unit_api_front_SOURCES = \
	tests/unit/api/test_front_kept.c \
	tests/unit/api/test_front_metrics.c \
	tests/unit/api/test_front_published.c \
	tests/unit/api/test_front_ready.c \
	tests/unit/api/test_front_spelled.c
tests_unit_api_unit_api_front_LDADD = libhnp_api_front.a libhnp_http.a libhnp_ipc.a \
	libhnp_sys.a libhnp_codec.a libhnp_base.a $(MHD_LIBS) $(GNUTLS_LIBS) -lpthread $(UNIT_LIBS)

check_PROGRAMS += tests/unit/api/unit_api_core
TESTS += tests/unit/api/unit_api_core
tests_unit_api_unit_api_core_SOURCES = \
	tests/unit/api/acme_sign.c \
	tests/unit/api/acme_sign.h \
	tests/unit/api/ask_core.c \
	tests/unit/api/ask_core.h \
	tests/unit/api/test_core_fails.c \
	tests/unit/api/test_request.c \
	tests/unit/api/test_slices.c \
	tests/unit/store/fail_step.c \
	tests/unit/ca/paper.c
tests_unit_api_unit_api_core_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_step
tests_unit_api_unit_api_core_LDADD = libhnp_api.a libhnp_ca.a libhnp_store.a libhnp_policy.a \
	libhnp_http.a libhnp_jose.a libhnp_key.a libhnp_journal.a libhnp_x509.a libhnp_conf.a libhnp_db.a \
	libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a $(SQLITE_LIBS) $(JANSSON_LIBS) \
	$(CYAML_LIBS) $(GNUTLS_LIBS) $(IDN2_LIBS) $(GMP_LIBS) $(UNIT_LIBS)
