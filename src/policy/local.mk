noinst_LIBRARIES += libhnp_policy.a
libhnp_policy_a_SOURCES = \
	src/policy/acme_pattern.c \
	src/policy/acme_state.c \
	src/policy/grant.c \
	src/policy/issuer.c \
	src/policy/issuer_chain.c \
	src/policy/limiter.c \
	src/policy/lint.c \
	src/policy/lint_crl.c \
	src/policy/lint_crl_point.c \
	src/policy/lint_extensions.c \
	src/policy/lint_fields.c \
	src/policy/lint_impl.h \
	src/policy/lint_ocsp.c \
	src/policy/lint_read.c \
	src/policy/profile.c \
	src/policy/profile_names.c \
	src/policy/verdict.c
