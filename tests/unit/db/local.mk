check_PROGRAMS += tests/unit/db/unit_db
TESTS += tests/unit/db/unit_db
tests_unit_db_unit_db_SOURCES = \
	$(FAULTY) \
	tests/unit/db/test_faulty.c \
	tests/unit/db/test_db.c \
	tests/unit/db/test_db_park.c \
	tests/unit/db/test_db_vfs.c \
	tests/unit/db/test_stmt.c \
	tests/unit/db/tmp_db.h
tests_unit_db_unit_db_LDFLAGS = $(AM_LDFLAGS) $(FAULTY_WRAP) \
	-Wl,--wrap=sqlite3_exec,--wrap=sqlite3_step,--wrap=sqlite3_prepare_v3,--wrap=sqlite3_file_control
tests_unit_db_unit_db_LDADD = libhnp_db.a libhnp_sys.a libhnp_base.a $(SQLITE_LIBS) $(UNIT_LIBS)
