noinst_LIBRARIES += libhnp_db.a
libhnp_db_a_SOURCES = \
	src/db/db.c \
	src/db/db_checkpoint.c \
	src/db/db_copy.c \
	src/db/db_flush.c \
	src/db/db_impl.h \
	src/db/db_text.c \
	src/db/db_transaction.c \
	src/db/db_vfs.c \
	src/db/stmt.c
