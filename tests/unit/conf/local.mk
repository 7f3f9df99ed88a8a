check_PROGRAMS += tests/unit/conf/unit_conf
TESTS += tests/unit/conf/unit_conf
tests_unit_conf_unit_conf_SOURCES = \
	tests/unit/conf/loading.h \
	tests/unit/conf/test_conf.c \
	tests/unit/conf/test_conf_edit.c \
	tests/unit/conf/test_conf_files.c \
	tests/unit/conf/test_conf_load.c \
	tests/unit/conf/test_conf_load_acme.c \
	tests/unit/conf/test_conf_load_listener.c \
	tests/unit/conf/test_conf_reload.c \
	tests/unit/conf/test_conf_where.c \
	tests/unit/conf/test_conf_wire.c
tests_unit_conf_unit_conf_CPPFLAGS = $(AM_CPPFLAGS) \
	-DHNP_SAMPLE='"$(abs_top_srcdir)/etc/hanaper.yaml"'
tests_unit_conf_unit_conf_LDADD = libhnp_conf.a libhnp_sys.a libhnp_codec.a \
	libhnp_base.a $(CYAML_LIBS) $(UNIT_LIBS)
