
# ---- core: database, policy, JSON; no network, no key
roles_PROGRAMS += hanaper-core
hanaper_core_SOURCES = src/daemon/core.c
hanaper_core_LDADD = libhnp_daemon.a libhnp_api.a libhnp_ca.a libhnp_store.a libhnp_policy.a \
	libhnp_http.a libhnp_journal.a libhnp_x509.a libhnp_conf.a libhnp_db.a libhnp_ipc.a \
	libhnp_sys.a libhnp_codec.a libhnp_base.a \
	$(SQLITE_LIBS) $(JANSSON_LIBS) $(GNUTLS_LIBS) $(IDN2_LIBS) $(GMP_LIBS)
