check_PROGRAMS += tests/unit/ca/unit_ca
TESTS += tests/unit/ca/unit_ca
tests_unit_ca_unit_ca_SOURCES = \
	tests/unit/store/fail_step.c \
	tests/unit/ca/paper.c \
	tests/unit/ca/paper.h \
	tests/unit/ca/paper_acme.c \
	tests/unit/ca/paper_acme.h \
	tests/unit/ca/paper_ask.c \
	tests/unit/ca/test_acme_bounds.c \
	tests/unit/ca/test_acme_challenge.c \
	tests/unit/ca/test_acme_room.c \
	tests/unit/ca/test_ca_signer.c \
	tests/unit/ca/test_caller.c \
	tests/unit/ca/test_census.c \
	tests/unit/ca/test_ending.c \
	tests/unit/ca/test_hidden.c \
	tests/unit/ca/test_issue.c \
	tests/unit/ca/test_issue_refused.c \
	tests/unit/ca/test_note.c \
	tests/unit/ca/test_ocsp_answer.c \
	tests/unit/ca/test_reconcile.c \
	tests/unit/ca/test_renewal.c \
	tests/unit/ca/test_revoke.c \
	tests/unit/ca/test_revoke_fails.c \
	tests/unit/ca/test_revoke_issuer.c
tests_unit_ca_unit_ca_LDADD = libhnp_ca.a libhnp_store.a libhnp_policy.a libhnp_jose.a libhnp_key.a \
	libhnp_journal.a libhnp_x509.a libhnp_conf.a libhnp_db.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a \
	libhnp_base.a $(SQLITE_LIBS) $(JANSSON_LIBS) $(CYAML_LIBS) $(GNUTLS_LIBS) $(IDN2_LIBS) $(GMP_LIBS) $(UNIT_LIBS)
tests_unit_ca_unit_ca_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_step
