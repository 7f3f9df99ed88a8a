check_PROGRAMS += tests/unit/cli/unit_cli
TESTS += tests/unit/cli/unit_cli
tests_unit_cli_unit_cli_SOURCES = \
	tests/unit/cli/test_acme_paste.c \
	tests/unit/cli/test_archive.c \
	tests/unit/cli/test_export.c \
	tests/unit/cli/test_enroll_root.c \
	tests/unit/cli/test_filter.c \
	tests/unit/cli/test_ocsp_ask.c \
	tests/unit/cli/test_options.c \
	tests/unit/cli/test_out.c \
	tests/unit/cli/test_owners.c \
	tests/unit/cli/test_problem.c \
	tests/unit/cli/test_renew_exec.c \
	tests/unit/cli/test_renew_plan.c \
	tests/unit/cli/test_request.c \
	tests/unit/cli/test_scratch.c \
	tests/unit/cli/test_setup.c
tests_unit_cli_unit_cli_LDADD = $(CLI_LIBS) $(UNIT_LIBS)
