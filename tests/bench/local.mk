# Not built by "make all" or "make check": the load that tests/bench/run lets loose.
EXTRA_PROGRAMS += tests/bench/load
tests_bench_load_SOURCES = \
	tests/bench/load.c \
	tests/bench/load_acme.c \
	tests/bench/load_acme_jws.c \
	tests/bench/load_modes.c \
	tests/bench/load_near.c \
	tests/bench/load_test.h
tests_bench_load_LDADD = libhnp_bench.a libhnp_key.a libhnp_x509.a libhnp_sys.a \
	libhnp_codec.a libhnp_base.a $(GNUTLS_LIBS) $(JANSSON_LIBS) $(IDN2_LIBS)
# A CA directory with many certificates.
EXTRA_PROGRAMS += tests/bench/fill
tests_bench_fill_SOURCES = tests/bench/fill.c
tests_bench_fill_LDADD = libhnp_ca.a libhnp_policy.a libhnp_store.a libhnp_journal.a \
	libhnp_key.a libhnp_x509.a libhnp_db.a libhnp_conf.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a \
	libhnp_base.a $(SQLITE_LIBS) $(GNUTLS_LIBS) $(JANSSON_LIBS) $(IDN2_LIBS) $(GMP_LIBS)
CLEANFILES += tests/bench/load tests/bench/fill

bench: all tests/bench/load tests/bench/fill
	HNP_BUILD=$(abs_top_builddir) $(srcdir)/tests/bench/run $(BENCH)
.PHONY: bench
