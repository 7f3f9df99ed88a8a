noinst_LIBRARIES += libhnp_journal.a
libhnp_journal_a_SOURCES = \
	src/journal/journal.c \
	src/journal/journal_impl.h \
	src/journal/journal_mark.c \
	src/journal/journal_scan.c \
	src/journal/record.c
