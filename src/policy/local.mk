noinst_LIBRARIES += libhnp_policy.a
libhnp_policy_a_SOURCES = \
	src/policy/grant.c \
	src/policy/profile.c \
	src/policy/profile_names.c \
	src/policy/verdict.c
