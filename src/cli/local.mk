dist_man_MANS += docs/hanaper.1 docs/hanaperd.8

# All but main() is a library, so that unit tests reach it.
noinst_LIBRARIES += libhnp_cli.a
libhnp_cli_a_SOURCES = \
	src/cli/acme_attempt.c \
	src/cli/acme_paste.c \
	src/cli/archive.c \
	src/cli/archive_impl.h \
	src/cli/archive_read.c \
	src/cli/backup.c \
	src/cli/backup_check.c \
	src/cli/certref.c \
	src/cli/claim.c \
	src/cli/client.c \
	src/cli/client_explain.c \
	src/cli/client_impl.h \
	src/cli/client_list.c \
	src/cli/client_where.c \
	src/cli/cmd_acme.c \
	src/cli/cmd_acme_accounts.c \
	src/cli/cmd_acme_eab.c \
	src/cli/cmd_acme_orders.c \
	src/cli/cmd_acme_test.c \
	src/cli/cmd_acme_why.c \
	src/cli/cmd_audit.c \
	src/cli/cmd_audit_verify.c \
	src/cli/cmd_backup.c \
	src/cli/cmd_bench.c \
	src/cli/cmd_ca.c \
	src/cli/cmd_crl.c \
	src/cli/cmd_doctor.c \
	src/cli/cmd_enroll.c \
	src/cli/cmd_explain.c \
	src/cli/cmd_help.c \
	src/cli/cmd_init.c \
	src/cli/cmd_issue.c \
	src/cli/cmd_issuer.c \
	src/cli/cmd_lint.c \
	src/cli/cmd_ls.c \
	src/cli/cmd_ocsp.c \
	src/cli/cmd_profile.c \
	src/cli/cmd_reload.c \
	src/cli/cmd_renew.c \
	src/cli/cmd_renew_all.c \
	src/cli/cmd_restore.c \
	src/cli/cmd_revoke.c \
	src/cli/cmd_rotate.c \
	src/cli/cmd_show.c \
	src/cli/cmd_token.c \
	src/cli/cmd_trust.c \
	src/cli/cmd_up.c \
	src/cli/cmd_version.c \
	src/cli/cmd_whoami.c \
	src/cli/command.c \
	src/cli/crl_entries.c \
	src/cli/doctor_files.c \
	src/cli/doctor_issuers.c \
	src/cli/doctor_local.c \
	src/cli/doctor_log.c \
	src/cli/doctor_published.c \
	src/cli/doctor_state.c \
	src/cli/enroll_root.c \
	src/cli/export.c \
	src/cli/filter.c \
	src/cli/live.c \
	src/cli/mint.c \
	src/cli/named.c \
	src/cli/ocsp_ask.c \
	src/cli/options.c \
	src/cli/owners.c \
	src/cli/out.c \
	src/cli/passphrase.c \
	src/cli/problem.c \
	src/cli/reason.c \
	src/cli/renew.c \
	src/cli/renew_exec.c \
	src/cli/renew_files.c \
	src/cli/renew_files_impl.h \
	src/cli/renew_files_note.c \
	src/cli/renew_files_over.c \
	src/cli/renew_files_put.c \
	src/cli/renew_info.c \
	src/cli/renew_plan.c \
	src/cli/request.c \
	src/cli/restore.c \
	src/cli/restore_aside.c \
	src/cli/restore_crl.c \
	src/cli/restore_history.c \
	src/cli/restore_issuers.c \
	src/cli/restore_judge.c \
	src/cli/restore_place.c \
	src/cli/rotate.c \
	src/cli/rotate_keys.c \
	src/cli/rotate_place.c \
	src/cli/rotate_plan.c \
	src/cli/rotate_record.c \
	src/cli/scratch.c \
	src/cli/setup.c \
	src/cli/setup_certs.c \
	src/cli/setup_conf.c \
	src/cli/setup_plan.c \
	src/cli/setup_record.c \
	src/cli/setup_system.c \
	src/cli/show_live.c \
	src/cli/table.c \
	src/cli/trust.c \
	src/cli/view.c

CLI_LIBS = libhnp_cli.a libhnp_bench.a libhnp_ca.a libhnp_policy.a libhnp_store.a libhnp_journal.a \
	libhnp_key.a libhnp_x509.a libhnp_conf.a libhnp_db.a libhnp_sys.a \
	libhnp_codec.a libhnp_base.a \
	$(CURL_LIBS) $(GNUTLS_LIBS) $(TASN1_LIBS) $(SQLITE_LIBS) $(JANSSON_LIBS) \
	$(CYAML_LIBS) $(IDN2_LIBS)

bin_PROGRAMS += hanaper
hanaper_SOURCES = src/cli/main.c
hanaper_LDADD = $(CLI_LIBS)

bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
dist_zshcomp_DATA = contrib/completions/_hanaper
dist_fishcomp_DATA = contrib/completions/hanaper.fish
EXTRA_DIST += contrib/completions/hanaper.bash

# bash looks for the completion by the bare name of the command.
install-data-local: install-bash-completion
install-bash-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir)
	$(INSTALL_DATA) $(srcdir)/contrib/completions/hanaper.bash $(DESTDIR)$(bashcompdir)/hanaper
uninstall-local: uninstall-bash-completion
uninstall-bash-completion:
	rm -f $(DESTDIR)$(bashcompdir)/hanaper
