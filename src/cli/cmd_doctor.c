/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper doctor - is all as it should be, as the operator and as an outsider sees it? */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/doctor.h"
#include "codec/json.h"
#include "conf/conf_where.h"

#define FOUND_LEN (2 * ERR_DETAIL_LEN)

static const char *const words[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARN] = "warn",
	[DOCTOR_FAIL] = "FAIL",
};

const struct doctor_check doctor_checks[] = {
	/* clang-format off */
	{ "configuration",   doctor_configuration },
	{ "permissions",     doctor_permissions },
	{ "CA certificates", doctor_ca_certificates },
	{ "issuer key",      doctor_issuer_key },
	{ "clock",           doctor_clock },
	{ "daemon",          doctor_daemon },
	{ "root key",        doctor_root_key },
	{ "journal",         doctor_journal },
	{ "database",        doctor_database },
	{ "backup",          doctor_backup },
	{ "issuers",         doctor_issuers },
	{ "lifetimes",       doctor_lifetimes },
	{ "certificates",    doctor_certificates },
	{ "CRL",             doctor_crl },
	{ "OCSP",            doctor_ocsp },
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "",
	.about = "Looks at configuration, files, clock, the daemon, and at what "
		 "clients fetch by\n"
		 "the URLs inside certificates.  Exit status 1 when something fails.",
	.shared = options_client,
};

static void
say(struct doctor *d, enum doctor_level level, const char *todo, const char *text)
{
	d->warned += level == DOCTOR_WARN;
	d->failed += level == DOCTOR_FAIL;
	json_array_append_new(d->findings,
	    json_pack("{s:s, s:s, s:s, s:s?}", "check", d->check, "level", words[level],
		"found", text, "todo", todo));
}

void
doctor_say(struct doctor *d, enum doctor_level level, const char *todo, const char *fmt,
    ...)
{
	char text[FOUND_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(d, level, todo, text);
}

void
doctor_say_log(struct doctor *d, const char *then, const char *fmt, ...)
{
	char *todo = mem_printf("see %s%s", d->log, then);
	char text[FOUND_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(d, DOCTOR_FAIL, todo, text);
	free(todo);
}

static void
say_todo(const char *todo)
{
	printf("%-21s -> ", "");
	out_text(stdout, todo);
	putchar('\n');
}

static void
print(const json_t *findings)
{
	const json_t *v;
	size_t i;

	json_array_foreach(findings, i, v)
	{
		const char *todo = json_text(v, "todo");

		printf("%-5s %-15s ", json_text(v, "level"), json_text(v, "check"));
		out_text(stdout, json_text(v, "found"));
		putchar('\n');
		if (todo != NULL)
			say_todo(todo);
	}
}

int
cmd_doctor(const struct command *self, int argc, char **argv)
{
	struct options_common o = { 0 };
	struct doctor d = { 0 };
	int status = OUT_DONE;

	if (!options_read(self, &usage, argc, argv, &o, &status))
		return status;
	if (o.url == NULL) {
		d.dir = client_find_dir(o.dir);
		d.file = client_find_conf(o.dir);
		struct err e = { 0 };
		const bool theirs =
		    options_named_dir(o.dir) == NULL && !conf_where_ours(&e);

		if (theirs || ((o.dir != NULL || d.dir != NULL) && d.file == NULL)) {
			free(d.dir);
			free(d.file);
			if (!theirs)
				(void)client_found_none(o.dir, &e);
			return out_fail(&e);
		}
	}
	d.findings = json_array();
	if (!client_open(&o, &d.client, &d.no_client))
		d.client = NULL;
	doctor_log_find(&d);
	for (const struct doctor_check *c = doctor_checks; c->name != NULL; c++) {
		d.check = c->name;
		c->run(&d);
	}
	if (o.json)
		out_json(json_pack("{s:b, s:i, s:i, s:O}", "healthy", d.failed == 0,
		    "warned", (int)d.warned, "failed", (int)d.failed, "findings",
		    d.findings));
	else
		print(d.findings);
	status = d.failed > 0 ? OUT_FAILED : OUT_DONE;
	json_decref(d.findings);
	json_decref(d.issuers);
	conf_free(d.conf);
	client_free(d.client);
	free(d.dir);
	free(d.file);
	free(d.log);
	free(d.lost);
	strings_free(&d.told);
	return status;
}
