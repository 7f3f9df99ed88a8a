noinst_LIBRARIES += libhnp_sys.a
libhnp_sys_a_SOURCES = \
	src/sys/aside.c \
	src/sys/file.c \
	src/sys/file_tree.c \
	src/sys/lock.c \
	src/sys/loop.c \
	src/sys/memlock.c \
	src/sys/notify.c \
	src/sys/pool.c \
	src/sys/proc.c \
	src/sys/sandbox.c \
	src/sys/sandbox_files.c \
	src/sys/sandbox_impl.h \
	src/sys/sock.c
