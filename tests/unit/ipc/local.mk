check_PROGRAMS += tests/unit/ipc/unit_ipc
TESTS += tests/unit/ipc/unit_ipc
tests_unit_ipc_unit_ipc_SOURCES = \
	$(FAULTY) \
	tests/unit/ipc/test_chan_faulty.c \
	tests/unit/ipc/test_chan.c \
	tests/unit/ipc/test_link.c \
	tests/unit/ipc/test_msg.c \
	tests/unit/ipc/test_msg_control.c \
	tests/unit/ipc/test_msg_probe.c
tests_unit_ipc_unit_ipc_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_WRAP)
tests_unit_ipc_unit_ipc_LDADD = libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a $(UNIT_LIBS)
