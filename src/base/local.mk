noinst_LIBRARIES += libhnp_base.a
libhnp_base_a_SOURCES = \
	src/base/buf.c \
	src/base/bytes.c \
	src/base/clock.c \
	src/base/coverage.c \
	src/base/err.c \
	src/base/fault.c \
	src/base/hex.c \
	src/base/log.c \
	src/base/longopt.c \
	src/base/mem.c \
	src/base/sets.c \
	src/base/version.c
