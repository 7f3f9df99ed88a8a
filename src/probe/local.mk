noinst_LIBRARIES += libhnp_probe.a
libhnp_probe_a_SOURCES = \
	src/probe/alpn_certificate.c \
	src/probe/caa.c \
	src/probe/dns_message.c \
	src/probe/egress.c \
	src/probe/fetch.c \
	src/probe/issue_value.c \
	src/probe/persist.c \
	src/probe/probe.c \
	src/probe/probe_caa.c \
	src/probe/probe_dns.c \
	src/probe/probe_http.c \
	src/probe/probe_impl.h \
	src/probe/probe_target.c \
	src/probe/probe_tls_alpn.c \
	src/probe/redirect.c \
	src/probe/resolver.c \
	src/probe/tls_limit.c \
	src/probe/transcript.c
