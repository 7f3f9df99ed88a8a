check_PROGRAMS += tests/unit/policy/unit_policy
TESTS += tests/unit/policy/unit_policy
tests_unit_policy_unit_policy_SOURCES = \
	tests/unit/policy/test_verdict.c
tests_unit_policy_unit_policy_LDADD = libhnp_policy.a libhnp_conf.a libhnp_codec.a \
	libhnp_base.a $(UNIT_LIBS)
