check_PROGRAMS += tests/unit/sys/unit_sys tests/unit/sys/spawned
TESTS += tests/unit/sys/unit_sys
tests_unit_sys_unit_sys_SOURCES = \
	$(FAULTY) \
	tests/unit/sys/test_aside.c \
	tests/unit/sys/test_faulty.c \
	tests/unit/sys/test_file.c \
	tests/unit/sys/test_file_path.c \
	tests/unit/sys/test_lock.c \
	tests/unit/sys/test_loop.c \
	tests/unit/sys/test_memlock.c \
	tests/unit/sys/test_notify.c \
	tests/unit/sys/test_pool.c \
	tests/unit/sys/test_proc.c \
	tests/unit/sys/test_sandbox.c \
	tests/unit/sys/test_sock.c
tests_unit_sys_unit_sys_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_WRAP)
tests_unit_sys_unit_sys_LDADD = libhnp_sys.a libhnp_base.a $(SECCOMP_LIBS) $(UNIT_LIBS)
# What test_proc.c starts: it tells what it finds in itself.
tests_unit_sys_spawned_SOURCES = tests/unit/sys/spawned.c
tests_unit_sys_spawned_LDADD = libhnp_sys.a libhnp_base.a
