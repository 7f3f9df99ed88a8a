noinst_LIBRARIES += libhnp_codec.a
libhnp_codec_a_SOURCES = \
	src/codec/wire.c
