check_PROGRAMS += tests/unit/journal/unit_journal
TESTS += tests/unit/journal/unit_journal
tests_unit_journal_unit_journal_SOURCES = \
	$(FAULTY) \
	tests/unit/journal/test_faulty.c \
	tests/unit/journal/test_batch.c \
	tests/unit/journal/test_extent.c \
	tests/unit/journal/test_journal.c \
	tests/unit/journal/test_mark.c \
	tests/unit/journal/test_record.c
tests_unit_journal_unit_journal_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_WRAP)
tests_unit_journal_unit_journal_LDADD = libhnp_journal.a libhnp_codec.a libhnp_base.a \
	$(GNUTLS_LIBS) $(UNIT_LIBS)
