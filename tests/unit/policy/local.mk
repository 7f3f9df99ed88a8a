check_PROGRAMS += tests/unit/policy/unit_policy
TESTS += tests/unit/policy/unit_policy
tests_unit_policy_unit_policy_SOURCES = \
	tests/unit/der_walk.c \
	tests/unit/der_walk.h \
	tests/unit/policy/made.c \
	tests/unit/policy/made.h \
	tests/unit/policy/policy_data.h \
	tests/unit/policy/test_acme_pattern.c \
	tests/unit/policy/test_acme_state.c \
	tests/unit/policy/test_grant.c \
	tests/unit/policy/test_issuer.c \
	tests/unit/policy/test_limiter.c \
	tests/unit/policy/test_lint.c \
	tests/unit/policy/test_lint_foreign.c \
	tests/unit/policy/test_lint_lists.c \
	tests/unit/policy/test_lint_walk.c \
	tests/unit/policy/test_profile.c \
	tests/unit/policy/test_profile_names.c \
	tests/unit/policy/test_verdict.c
tests_unit_policy_unit_policy_LDADD = libhnp_policy.a libhnp_key.a libhnp_conf.a \
	libhnp_x509.a libhnp_codec.a libhnp_base.a $(GNUTLS_LIBS) $(JANSSON_LIBS) \
	$(IDN2_LIBS) $(UNIT_LIBS)
