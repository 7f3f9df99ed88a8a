noinst_LIBRARIES += libhnp_bench.a
libhnp_bench_a_SOURCES = \
	src/bench/ceiling.c \
	src/bench/hist.c \
	src/bench/load.c \
	src/bench/modes.c \
	src/bench/modes_status.c \
	src/bench/plot.c \
	src/bench/proof.c \
	src/bench/proof_impl.h \
	src/bench/proof_status.c \
	src/bench/reply.c \
	src/bench/report.c \
	src/bench/stock.c \
	src/bench/talk.c \
	src/bench/talk_place.c \
	src/bench/usage.c \
	src/bench/world.c
