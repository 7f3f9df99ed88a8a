noinst_LIBRARIES += libhnp_ipc.a
libhnp_ipc_a_SOURCES = \
	src/ipc/chan.c \
	src/ipc/link.c \
	src/ipc/msg.c \
	src/ipc/msg_control.c \
	src/ipc/msg_field.c \
	src/ipc/msg_http.c \
	src/ipc/msg_probe.c \
	src/ipc/msg_sign.c
