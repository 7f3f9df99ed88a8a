check_PROGRAMS += tests/unit/probe/unit_probe
TESTS += tests/unit/probe/unit_probe
tests_unit_probe_unit_probe_SOURCES = \
	tests/unit/probe/test_dns_message.c \
	tests/unit/probe/test_egress.c \
	tests/unit/probe/test_issue_value.c \
	tests/unit/probe/test_redirect.c \
	tests/unit/probe/test_transcript.c
tests_unit_probe_unit_probe_LDADD = libhnp_probe.a libhnp_conf.a libhnp_sys.a libhnp_codec.a \
	libhnp_base.a $(CURL_LIBS) $(CARES_LIBS) $(JANSSON_LIBS) $(GNUTLS_LIBS) $(UNIT_LIBS)
