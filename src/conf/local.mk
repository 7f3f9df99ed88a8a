noinst_LIBRARIES += libhnp_conf.a
libhnp_conf_a_SOURCES = \
	src/conf/conf.c \
	src/conf/conf_edit.c \
	src/conf/conf_files.c \
	src/conf/conf_load.c \
	src/conf/conf_load_acme.c \
	src/conf/conf_load_grant.c \
	src/conf/conf_load_impl.h \
	src/conf/conf_load_listen.c \
	src/conf/conf_load_profile.c \
	src/conf/conf_load_schema.c \
	src/conf/conf_load_tree.c \
	src/conf/conf_load_value.c \
	src/conf/conf_reload.c \
	src/conf/conf_where.c \
	src/conf/conf_wire.c
EXTRA_DIST += \
	etc/hanaper.yaml \
	tests/fuzz/fuzz_conf.c \
	tests/fuzz/seeds/conf/least.yaml \
	tests/fuzz/seeds/conf/sample.yaml
dist_man_MANS += docs/hanaper.yaml.5
