noinst_LIBRARIES += libhnp_ca.a
libhnp_ca_a_SOURCES = \
	src/ca/acme_replaces.c \
	src/ca/acme.c \
	src/ca/acme_account.c \
	src/ca/acme_bind.c \
	src/ca/acme_challenge.c \
	src/ca/acme_challenge_impl.h \
	src/ca/acme_test.c \
	src/ca/ask.c \
	src/ca/audit.c \
	src/ca/ca.c \
	src/ca/ca_signer.c \
	src/ca/caller.c \
	src/ca/census.c \
	src/ca/enroll.c \
	src/ca/enroll_token.c \
	src/ca/caller_as.c \
	src/ca/explain.c \
	src/ca/issue.c \
	src/ca/issue_judge.c \
	src/ca/metrics.c \
	src/ca/note.c \
	src/ca/once.c \
	src/ca/ocsp_answer.c \
	src/ca/publish.c \
	src/ca/publish_crl.c \
	src/ca/reconcile.c \
	src/ca/renew.c \
	src/ca/renewal.c \
	src/ca/renewal_info.c \
	src/ca/retention.c \
	src/ca/revoke.c \
	src/ca/revoke_impl.h \
	src/ca/revoke_lineage.c \
	src/ca/tally.c \
	src/ca/throttle.c \
	src/ca/verify.c
