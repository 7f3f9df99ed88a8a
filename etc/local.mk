# What a service of systemd needs; the unit names the programs where they are installed.
hanaper.service: $(srcdir)/etc/hanaper.service.in Makefile
	$(AM_V_GEN)$(SED) -e 's|@sbindir[@]|$(sbindir)|' -e 's|@bindir[@]|$(bindir)|' \
		$(srcdir)/etc/hanaper.service.in >$@.new && mv $@.new $@
hanaper-backup.service: $(srcdir)/etc/hanaper-backup.service.in Makefile
	$(AM_V_GEN)$(SED) -e 's|@bindir[@]|$(bindir)|' \
		$(srcdir)/etc/hanaper-backup.service.in >$@.new && mv $@.new $@
# Of hosts that have certificates, which need no daemon.
hanaper-renew@.service: $(srcdir)/etc/hanaper-renew@.service.in Makefile
	$(AM_V_GEN)$(SED) -e 's|@bindir[@]|$(bindir)|' \
		"$(srcdir)/etc/hanaper-renew@.service.in" >$@.new && mv $@.new $@
CLEANFILES += hanaper.service hanaper-backup.service hanaper-renew@.service
nodist_systemdunit_DATA =
dist_systemdunit_DATA =
if WITH_SYSTEMD
nodist_systemdunit_DATA += hanaper.service hanaper-backup.service hanaper-renew@.service
dist_systemdunit_DATA += etc/hanaper-backup.timer etc/hanaper-renew@.timer

# There each is named after the package.
install-data-hook: install-systemd
uninstall-hook: uninstall-systemd
install-systemd:
	$(MKDIR_P) "$(DESTDIR)$(sysusersdir)" "$(DESTDIR)$(tmpfilesdir)"
	$(INSTALL_DATA) $(srcdir)/etc/hanaper.sysusers "$(DESTDIR)$(sysusersdir)/hanaper.conf"
	$(INSTALL_DATA) $(srcdir)/etc/hanaper.tmpfiles "$(DESTDIR)$(tmpfilesdir)/hanaper.conf"
uninstall-systemd:
	rm -f "$(DESTDIR)$(sysusersdir)/hanaper.conf" "$(DESTDIR)$(tmpfilesdir)/hanaper.conf"
endif
.PHONY: install-systemd uninstall-systemd
