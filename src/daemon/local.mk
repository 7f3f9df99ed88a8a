sbin_PROGRAMS += hanaperd
hanaperd_SOURCES = \
	src/daemon/parent.c \
	src/daemon/parent_dir.c \
	src/daemon/parent_listen.c \
	src/daemon/parent_roles.c
hanaperd_LDADD = libhnp_conf.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a $(CYAML_LIBS)

# What each role links beside its own; the order is that of the floors, highest first.
noinst_LIBRARIES += libhnp_role.a
libhnp_role_a_SOURCES = \
	src/daemon/role.c
ROLE_LIBS = libhnp_role.a libhnp_conf.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a
