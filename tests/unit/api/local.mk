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
