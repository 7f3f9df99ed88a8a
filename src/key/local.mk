noinst_LIBRARIES += libhnp_key.a
libhnp_key_a_SOURCES = \
	src/key/key.c \
	src/key/key_file.c \
	src/key/key_impl.h \
	src/key/key_pkcs8.c \
	src/key/key_sign.c
