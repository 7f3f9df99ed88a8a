check_PROGRAMS += tests/unit/store/unit_store
TESTS += tests/unit/store/unit_store
tests_unit_store_unit_store_SOURCES = \
	tests/unit/store/fail_step.c \
	tests/unit/store/fail_step.h \
	tests/unit/store/test_store.c \
	tests/unit/store/test_store_acme_account.c \
	tests/unit/store/test_store_acme_eab.c \
	tests/unit/store/test_store_acme_authz.c \
	tests/unit/store/test_store_acme_order.c \
	tests/unit/store/test_store_acme_room.c \
	tests/unit/store/test_store_audit.c \
	tests/unit/store/test_store_certificate.c \
	tests/unit/store/test_store_certificate_list.c \
	tests/unit/store/test_store_compare.c \
	tests/unit/store/test_store_crl_shard.c \
	tests/unit/store/test_store_fails.c \
	tests/unit/store/test_store_lineage.c \
	tests/unit/store/test_store_renewal.c \
	tests/unit/store/test_store_revocation.c \
	tests/unit/store/test_store_search.c \
	tests/unit/store/test_store_sql.c \
	tests/unit/store/test_store_token.c \
	tests/unit/store/tmp_acme.h \
	tests/unit/store/tmp_certificate.h \
	tests/unit/store/tmp_store.h
tests_unit_store_unit_store_LDADD = libhnp_store.a libhnp_db.a libhnp_x509.a \
	libhnp_sys.a libhnp_codec.a libhnp_base.a $(SQLITE_LIBS) $(GNUTLS_LIBS) $(IDN2_LIBS) $(UNIT_LIBS)
tests_unit_store_unit_store_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_step
