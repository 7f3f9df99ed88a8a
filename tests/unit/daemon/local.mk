# Stands for the roles in tests/flow/test_parent.py.
check_PROGRAMS += tests/unit/daemon/fake_role
tests_unit_daemon_fake_role_SOURCES = \
	tests/unit/daemon/fake_role.c \
	tests/unit/daemon/forbidden.c \
	tests/unit/daemon/forbidden.h
tests_unit_daemon_fake_role_LDADD = $(ROLE_LIBS) $(GNUTLS_LIBS)

check_PROGRAMS += tests/unit/daemon/unit_signer
TESTS += tests/unit/daemon/unit_signer
tests_unit_daemon_unit_signer_SOURCES = \
	tests/flow/signer_peer.h \
	tests/flow/signer_peer_ca.c \
	tests/unit/daemon/test_signer_answer.c \
	tests/unit/daemon/test_signer_cert.c \
	tests/unit/daemon/test_signer_kept.c \
	tests/unit/daemon/test_signer_state.c \
	$(SIGNER_SOURCES)
tests_unit_daemon_unit_signer_LDADD = $(SIGNER_LIBS) $(UNIT_LIBS)
tests_unit_daemon_unit_signer_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=cert_assemble,--wrap=cert_build_tbs,--wrap=key_sign,--wrap=gnutls_rnd
