check_PROGRAMS += tests/unit/base/unit_base
TESTS += tests/unit/base/unit_base
tests_unit_base_unit_base_SOURCES = \
	tests/unit/base/test_buf.c \
	tests/unit/base/test_clock.c \
	tests/unit/base/test_fault.c \
	tests/unit/base/test_longopt.c \
	tests/unit/base/test_small.c
tests_unit_base_unit_base_LDADD = libhnp_base.a $(UNIT_LIBS)
