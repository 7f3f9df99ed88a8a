check_PROGRAMS += tests/unit/http/unit_http
TESTS += tests/unit/http/unit_http
tests_unit_http_unit_http_SOURCES = \
	$(FAULTY_GNUTLS) \
	tests/unit/http/paper_ca.c \
	tests/unit/http/paper_ca.h \
	tests/unit/http/small_server.c \
	tests/unit/http/small_server.h \
	tests/unit/http/test_client.c \
	tests/unit/http/test_conns.c \
	tests/unit/http/test_deadlines.c \
	tests/unit/http/test_freshness.c \
	tests/unit/http/test_guard.c \
	tests/unit/http/test_problem.c \
	tests/unit/http/test_route.c \
	tests/unit/http/test_server.c \
	tests/unit/http/test_server_heads.c \
	tests/unit/http/test_smuggling.c \
	tests/unit/http/test_tls.c \
	tests/unit/http/test_tls_faulty.c \
	tests/unit/http/test_tls_trust.c
tests_unit_http_unit_http_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_GNUTLS_WRAP) \
	-Wl,--wrap=gnutls_certificate_allocate_credentials \
	-Wl,--wrap=gnutls_certificate_set_x509_key,--wrap=gnutls_session_ticket_key_generate \
	-Wl,--wrap=gnutls_x509_privkey_generate,--wrap=gnutls_x509_crq_init \
	-Wl,--wrap=gnutls_x509_crq_set_version,--wrap=gnutls_x509_crq_set_key \
	-Wl,--wrap=gnutls_x509_crq_sign2,--wrap=gnutls_x509_crq_export2 \
	-Wl,--wrap=gnutls_x509_crt_init,--wrap=gnutls_x509_crt_import \
	-Wl,--wrap=gnutls_x509_crt_list_import2,--wrap=gnutls_x509_trust_list_init \
	-Wl,--wrap=gnutls_x509_trust_list_verify_crt2,--wrap=clock_mono_ms,--wrap=conns_deadline
tests_unit_http_unit_http_LDADD = libhnp_http.a libhnp_sys.a libhnp_codec.a libhnp_base.a \
	$(MHD_LIBS) $(GNUTLS_LIBS) $(JANSSON_LIBS) -lpthread $(UNIT_LIBS)
