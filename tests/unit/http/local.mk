check_PROGRAMS += tests/unit/http/unit_http
TESTS += tests/unit/http/unit_http
tests_unit_http_unit_http_SOURCES = \
	tests/unit/http/paper_ca.c \
	tests/unit/http/paper_ca.h \
	tests/unit/http/small_server.c \
	tests/unit/http/small_server.h \
	tests/unit/http/test_conns.c \
	tests/unit/http/test_freshness.c \
	tests/unit/http/test_guard.c \
	tests/unit/http/test_problem.c \
	tests/unit/http/test_route.c \
	tests/unit/http/test_server.c \
	tests/unit/http/test_smuggling.c \
	tests/unit/http/test_tls.c \
	tests/unit/http/test_tls_trust.c
tests_unit_http_unit_http_LDADD = libhnp_http.a libhnp_sys.a libhnp_codec.a libhnp_base.a \
	$(MHD_LIBS) $(GNUTLS_LIBS) $(JANSSON_LIBS) -lpthread $(UNIT_LIBS)
