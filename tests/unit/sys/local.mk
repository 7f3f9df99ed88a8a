check_PROGRAMS += tests/unit/sys/unit_sys
TESTS += tests/unit/sys/unit_sys
tests_unit_sys_unit_sys_SOURCES = \
	tests/unit/sys/test_file.c \
	tests/unit/sys/test_loop.c
tests_unit_sys_unit_sys_LDADD = libhnp_sys.a libhnp_base.a $(UNIT_LIBS)
