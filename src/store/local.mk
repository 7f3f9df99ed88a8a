noinst_LIBRARIES += libhnp_store.a
libhnp_store_a_SOURCES = \
	src/store/certificate.c \
	src/store/store.c \
	src/store/store_acme_eab.c \
	src/store/store_acme_attempt.c \
	src/store/store_acme_authz.c \
	src/store/store_acme_authz_sweep.c \
	src/store/store_acme_order.c \
	src/store/store_acme_order_impl.h \
	src/store/store_acme_order_sweep.c \
	src/store/store_acme_recovered.c \
	src/store/store_acme_room.c \
	src/store/store_acme_account.c \
	src/store/store_audit.c \
	src/store/store_audit_prune.c \
	src/store/store_census.c \
	src/store/store_migrate.c \
	src/store/store_revocation.c \
	src/store/store_compare.c \
	src/store/store_crl.c \
	src/store/store_crl_shard.c \
	src/store/store_lineage.c \
	src/store/store_certificate.c \
	src/store/store_certificate_get.c \
	src/store/store_certificate_list.c \
	src/store/store_certificate_query.c \
	src/store/store_certificate_query.h \
	src/store/store_search.c \
	src/store/store_sql.c \
	src/store/store_search.h \
	src/store/store_once.c \
	src/store/store_renewal.c \
	src/store/store_token.c \
	src/store/store_certificate_impl.h \
	src/store/store_impl.h

# The migrations, in order, compiled in.
MIGRATIONS = \
	$(srcdir)/sql/001_core.sql \
	$(srcdir)/sql/002_tokens.sql \
	$(srcdir)/sql/003_lineage.sql \
	$(srcdir)/sql/004_search.sql \
	$(srcdir)/sql/005_audit.sql \
	$(srcdir)/sql/006_once.sql \
	$(srcdir)/sql/007_acme.sql \
	$(srcdir)/sql/008_certificate_key.sql \
	$(srcdir)/sql/009_acme_index.sql \
	$(srcdir)/sql/010_crl_shards.sql \
	$(srcdir)/sql/011_search_later.sql \
	$(srcdir)/sql/012_crl_by_signer.sql \
	$(srcdir)/sql/013_acme_pages.sql \
	$(srcdir)/sql/014_no_sums.sql \
	$(srcdir)/sql/015_attempt_request.sql \
	$(srcdir)/sql/016_acme_loose.sql \
	$(srcdir)/sql/017_acme_replaces.sql \
	$(srcdir)/sql/018_acme_unproved.sql \
	$(srcdir)/sql/019_lineage_family.sql

nodist_libhnp_store_a_SOURCES = src/store/store_migrations.c
EXTRA_DIST += $(MIGRATIONS) sql/to_c.awk
BUILT_SOURCES += src/store/store_migrations.c
CLEANFILES += src/store/store_migrations.c

src/store/store_migrations.c: $(MIGRATIONS) $(srcdir)/sql/to_c.awk
	$(AM_V_GEN)$(MKDIR_P) src/store && \
	LC_ALL=C $(AWK) -f $(srcdir)/sql/to_c.awk $(MIGRATIONS) >$@.tmp && mv $@.tmp $@
