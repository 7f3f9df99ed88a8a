noinst_LIBRARIES += libhnp_codec.a
libhnp_codec_a_SOURCES = \
	src/codec/base64.c \
	src/codec/der.c \
	src/codec/der_time.c \
	src/codec/der_write.c \
	src/codec/json.c \
	src/codec/json_flat.c \
	src/codec/json_put.c \
	src/codec/pem.c \
	src/codec/prom.c \
	src/codec/tar.c \
	src/codec/token.c \
	src/codec/uri.c \
	src/codec/wire.c
