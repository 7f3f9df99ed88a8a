# core links route.o, freshness.o and problem.o alone out of this archive: nothing of libmicrohttpd comes along.
noinst_LIBRARIES += libhnp_http.a
libhnp_http_a_SOURCES = \
	src/http/conns.c \
	src/http/content.c \
	src/http/exchange.c \
	src/http/exchange_impl.h \
	src/http/exchange_send.c \
	src/http/freshness.c \
	src/http/guard.c \
	src/http/client.c \
	src/http/problem.c \
	src/http/route.c \
	src/http/server.c \
	src/http/tls.c \
	src/http/tls_client.c \
	src/http/tls_seen.c \
	src/http/tls_trust.c
