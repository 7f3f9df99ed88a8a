sbin_PROGRAMS += hanaperd
hanaperd_SOURCES = \
	src/daemon/parent.c \
	src/daemon/parent_confine.c \
	src/daemon/parent_dir.c \
	src/daemon/parent_listen.c \
	src/daemon/parent_reload.c \
	src/daemon/parent_roles.c \
	src/daemon/parent_users.c \
	src/daemon/parent_watch.c
hanaperd_LDADD = libhnp_conf.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a $(CYAML_LIBS) \
	$(SECCOMP_LIBS)

# What each role links beside its own; the order is that of the floors, highest first.
noinst_LIBRARIES += libhnp_role.a
libhnp_role_a_SOURCES = \
	src/daemon/role.c \
	src/daemon/role_confine.c
ROLE_LIBS = libhnp_role.a libhnp_conf.a libhnp_ipc.a libhnp_sys.a libhnp_codec.a libhnp_base.a \
	$(SECCOMP_LIBS) $(TASN1_LIBS)

# No jansson, SQLite or libmicrohttpd here (docs/architecture.md).
roles_PROGRAMS += hanaper-signer
# What its unit tests link too: all but main().
SIGNER_SOURCES = \
	src/daemon/signer_answer.c \
	src/daemon/signer_cert.c \
	src/daemon/signer_crl.c \
	src/daemon/signer_kept.c \
	src/daemon/signer_kept_impl.h \
	src/daemon/signer_kept_write.c \
	src/daemon/signer_load.c \
	src/daemon/signer_ocsp.c \
	src/daemon/signer_responder.c \
	src/daemon/signer_revoke.c \
	src/daemon/signer_revoked.c \
	src/daemon/signer_state.c
hanaper_signer_SOURCES = src/daemon/signer.c $(SIGNER_SOURCES)
SIGNER_LIBS = libhnp_policy.a libhnp_x509.a libhnp_key.a libhnp_journal.a \
	$(ROLE_LIBS) $(GNUTLS_LIBS) $(IDN2_LIBS)
hanaper_signer_LDADD = $(SIGNER_LIBS)
# The outbound network; no key, no database, no JSON, no listener.
roles_PROGRAMS += hanaper-prober
hanaper_prober_SOURCES = src/daemon/prober.c
hanaper_prober_LDADD = libhnp_probe.a $(ROLE_LIBS) $(CURL_LIBS) $(CARES_LIBS) $(GNUTLS_LIBS)

# The database, policy and JSON; no network, no key.
roles_PROGRAMS += hanaper-core
hanaper_core_SOURCES = src/daemon/core.c src/daemon/core_listener.c
hanaper_core_LDADD = libhnp_api.a libhnp_ca.a libhnp_store.a libhnp_policy.a libhnp_http.a \
	libhnp_jose.a libhnp_journal.a libhnp_x509.a libhnp_db.a $(ROLE_LIBS) \
	$(SQLITE_LIBS) $(JANSSON_LIBS) $(GNUTLS_LIBS) $(IDN2_LIBS) $(GMP_LIBS)


roles_PROGRAMS += hanaper-front
hanaper_front_SOURCES = \
	src/daemon/front.c \
	src/daemon/front_core.c
hanaper_front_LDADD = libhnp_api_front.a libhnp_http.a $(ROLE_LIBS) \
	$(MHD_LIBS) $(GNUTLS_LIBS) -lpthread
