check_PROGRAMS += tests/unit/bench/unit_bench
TESTS += tests/unit/bench/unit_bench
tests_unit_bench_unit_bench_SOURCES = \
	$(FAULTY_GNUTLS) \
	tests/unit/der_walk.c \
	tests/unit/der_walk.h \
	tests/unit/bench/test_faulty.c \
	tests/unit/bench/test_hist.c \
	tests/unit/bench/test_load.c \
	tests/unit/bench/test_plot.c \
	tests/unit/bench/test_proof.c \
	tests/unit/bench/test_reply.c \
	tests/unit/bench/test_talk_place.c
tests_unit_bench_unit_bench_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_GNUTLS_WRAP)
tests_unit_bench_unit_bench_LDADD = libhnp_bench.a libhnp_key.a libhnp_x509.a libhnp_sys.a \
	libhnp_codec.a libhnp_base.a $(GNUTLS_LIBS) $(JANSSON_LIBS) $(IDN2_LIBS) $(UNIT_LIBS)
