noinst_LIBRARIES += libhnp_conf.a
libhnp_conf_a_SOURCES = \
	src/conf/conf.c \
	src/conf/conf_wire.c
