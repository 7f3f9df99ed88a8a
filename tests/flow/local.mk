# The signer as its own process, with the test as its parent and its core.
check_PROGRAMS += tests/flow/signer_peer
TESTS += tests/flow/signer_peer
tests_flow_signer_peer_SOURCES = \
	tests/flow/signer_peer.c \
	tests/flow/signer_peer.h \
	tests/flow/signer_peer_ca.c \
	tests/flow/test_signer_certificate.c \
	tests/flow/test_signer_crl.c \
	tests/flow/test_signer_revocation.c \
	tests/flow/test_signer_start.c
tests_flow_signer_peer_CPPFLAGS = $(AM_CPPFLAGS) \
	-DHNP_BUILD='"$(abs_top_builddir)"'
tests_flow_signer_peer_LDADD = libhnp_conf.a libhnp_ipc.a libhnp_x509.a libhnp_key.a \
	libhnp_journal.a libhnp_codec.a libhnp_sys.a libhnp_base.a \
	$(GNUTLS_LIBS) $(TASN1_LIBS) $(IDN2_LIBS) $(UNIT_LIBS)
EXTRA_tests_flow_signer_peer_DEPENDENCIES = hanaper-signer

# Roles run alone, between a parent and peers that the test plays.
check_PROGRAMS += tests/flow/front_peer
TESTS += tests/flow/front_peer
tests_flow_front_peer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit/http \
	-DHNP_FRONT='"$(abs_top_builddir)/hanaper-front"'
tests_flow_front_peer_SOURCES = \
	tests/flow/front_peer.c \
	tests/flow/front_peer_ocsp.c \
	tests/flow/front_peer_stage.c \
	tests/flow/front_peer_stage.h \
	tests/unit/http/paper_ca.c
tests_flow_front_peer_LDADD = libhnp_conf.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a \
	$(GNUTLS_LIBS) $(CYAML_LIBS) $(UNIT_LIBS)
EXTRA_tests_flow_front_peer_DEPENDENCIES = hanaper-front$(EXEEXT)

# The prober between a parent and a core, driven by tests/flow/test_prober.py.
check_PROGRAMS += tests/flow/prober_peer
tests_flow_prober_peer_CPPFLAGS = $(AM_CPPFLAGS) -DHNP_PROBER='"$(abs_top_builddir)/hanaper-prober"'
tests_flow_prober_peer_SOURCES = tests/flow/prober_peer.c
tests_flow_prober_peer_LDADD = libhnp_conf.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a
EXTRA_tests_flow_prober_peer_DEPENDENCIES = hanaper-prober$(EXEEXT)

# Preloaded into roles by tests/flow/faults.py: no sanitizer of its own.
check_PROGRAMS += tests/flow/faults.so
tests_flow_faults_so_SOURCES = \
	tests/flow/faults.c \
	tests/flow/faults_impl.h \
	tests/flow/faults_world.c
tests_flow_faults_so_CFLAGS = $(STD_CFLAGS) $(WARN_CFLAGS) -fPIC -fno-builtin
tests_flow_faults_so_CPPFLAGS = -D_GNU_SOURCE
tests_flow_faults_so_LDFLAGS = -shared
# Preloaded into hanaperd by tests/flow/test_sandbox.py.
check_PROGRAMS += tests/flow/forbidden_parent.so
tests_flow_forbidden_parent_so_SOURCES = \
	tests/flow/forbidden_parent.c \
	tests/unit/daemon/forbidden.c \
	tests/unit/daemon/forbidden.h
tests_flow_forbidden_parent_so_CFLAGS = $(STD_CFLAGS) $(WARN_CFLAGS) -fPIC
tests_flow_forbidden_parent_so_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/tests/unit/daemon
tests_flow_forbidden_parent_so_LDFLAGS = -shared
# Hands a role's channels to tests/flow/between.py, so that its neighbours can lie to it.
check_PROGRAMS += tests/flow/stand_in
tests_flow_stand_in_SOURCES = tests/flow/stand_in.c
