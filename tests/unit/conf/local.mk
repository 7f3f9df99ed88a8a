check_PROGRAMS += tests/unit/conf/unit_conf
TESTS += tests/unit/conf/unit_conf
tests_unit_conf_unit_conf_SOURCES = \
	tests/unit/conf/test_conf.c \
	tests/unit/conf/test_conf_wire.c
tests_unit_conf_unit_conf_LDADD = libhnp_conf.a libhnp_codec.a libhnp_base.a $(UNIT_LIBS)
