/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper.yaml as init writes it: every default that matters, with a word on each. */
#include <string.h>

#include "cli/setup.h"

/* Written as a double-quoted scalar: what is inside cannot end it. */
static void
put_quoted(struct buf *b, const char *s)
{
	buf_putc(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(b, '\\');
		buf_putc(b, (uint8_t)*s);
	}
	buf_putc(b, '"');
}

static void
put_list(struct buf *b, const struct strings *list)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < list->n; i++) {
		buf_puts(b, i == 0 ? "" : ", ");
		put_quoted(b, list->v[i]);
	}
	buf_putc(b, ']');
}

static void
put_head(struct buf *b, const struct setup *s)
{
	buf_printf(b,
	    "# Hanaper's configuration; every key: hanaper.yaml(5).\n"
	    "# Check a change:  hanaperd --check --dir %s\n"
	    "# Take it up:      hanaper reload --dir %s\n"
	    "# Spans are written 90s 15m 24h 30d 1y.\n"
	    "\n",
	    s->etc != NULL ? SETUP_ETC : "DIR", s->etc != NULL ? SETUP_ETC : "DIR");
	if (s->etc != NULL)
		buf_puts(b, "# Where the CA is: keys, database, journal.\n"
			    "dir: " SETUP_STATE "\n\n");
	buf_puts(b,
	    "# Where the daemon listens; 0.0.0.0:PORT is all addresses.\n"
	    "# api: TLS, client certificates.  http: plain, read only: CRL, OCSP.\n"
	    "listen:\n"
	    "  api: [");
	put_quoted(b, s->api);
	buf_puts(b, "]\n  http: [");
	put_quoted(b, s->http);
	buf_puts(b, "]\n  metrics: [");
	put_quoted(b, s->metrics);
	buf_puts(b,
	    "]\n\n# How clients reach the two from outside.  'public' stands inside "
	    "every\n"
	    "# certificate (CRL, OCSP, issuer): choose it before you issue many.\n"
	    "urls:\n  api: ");
	put_quoted(b, s->url_api);
	buf_puts(b, "\n  public: ");
	put_quoted(b, s->url_public);
	buf_puts(b,
	    "\n\n# Names in the certificate of the api listener.\nserver_names: ");
	put_list(b, &s->server_names);
	buf_puts(b, "\n\nstorage: sqlite:hanaper.db\n\n"
		    "issuers:\n"
		    "  - name: " SETUP_ISSUER "\n"
		    "    certificate: issuers/" SETUP_ISSUER ".crt\n"
		    "    key: issuers/" SETUP_ISSUER ".key\n");
	if (s->passphrase_file != NULL) {
		buf_puts(b, "    passphrase_file: ");
		put_quoted(b, s->passphrase_file);
		buf_puts(b, "\n");
	}
}

#define KEYS       "[ecdsa-p256, ecdsa-p384, ed25519, rsa-2048]"
#define SETUP_ACME "server" /* the profile that has a directory */
#define NETWORKS                                                                       \
	"[\"127.0.0.0/8\", \"::1/128\", \"10.0.0.0/8\", \"172.16.0.0/12\",\n"          \
	"        \"192.168.0.0/16\", \"fc00::/7\"]"
#define IPS                                                                            \
	"[\"127.0.0.0/8\", \"::1/128\", \"10.0.0.0/8\", \"172.16.0.0/12\", "           \
	"\"192.168.0.0/16\"]"

/* The profiles, in the order in which the file has them. */
static const struct {
	const char *comment, *name, *usages;
	const char *validity;
	const char *more;  /* further lines; NULL: none */
	const char *names; /* NULL: the DNS patterns and the private networks */
} profiles[] = {
	{ "TLS servers.", "server", "[server auth]",
	    "{ default: 30d, max: 90d, backdate: 5m }", NULL, NULL },
	{ "TLS clients.", "client", "[client auth]",
	    "{ default: 30d, max: 90d, backdate: 5m }", NULL, NULL },
	{ "Both at once: databases, message brokers, clusters.", "peer",
	    "[server auth, client auth]", "{ default: 30d, max: 90d, backdate: 5m }",
	    NULL, NULL },
	{ "Workloads with a SPIFFE ID; put your trust domain here.", "spiffe",
	    "[server auth, client auth]", "{ default: 24h, max: 7d, backdate: 5m }",
	    NULL, "      uri: [\"spiffe://example.internal/\"]\n" },
	{ "So short that nobody needs to revoke it (RFC 9608).", "short",
	    "[server auth]", "{ default: 24h, max: 7d, backdate: 5m }",
	    "    no_rev_avail: true\n", NULL },
};

/* Does nobody but this machine reach the API? */
static bool
is_local(const struct setup *s)
{
	const struct bytes api = bytes_str(s->api);
	struct conf_cidr v4 = { .octets = 4, .ip = { 127 }, .bits = 8 };
	struct conf_cidr host;
	char text[64];

	if (bytes_starts(api, "localhost:") || bytes_starts(api, "[::1]:"))
		return true;
	return bytes_to_str(bytes_of(api.p, bytes_index(api, ':')), text,
		   sizeof(text)) &&
	       conf_cidr(text, &host) && conf_cidr_has(&v4, host.ip, host.octets);
}

static void
put_acme(struct buf *b, const struct setup *s)
{
	buf_puts(b, "    # ACME clients are given urls.api, then "
		    "/acme/" SETUP_ACME "/directory.\n"
		    "    acme:\n"
		    "      challenges: [http-01, dns-01, tls-alpn-01]\n");
	if (!is_local(s)) {
		buf_puts(b,
		    "      # Validation connects to all but loopback, link-local and "
		    "reserved\n"
		    "      # addresses; networks: [\"10.0.0.0/8\"] lets it reach these "
		    "alone.\n");
		return;
	}
	buf_puts(b, "      # Where validation may connect to.  Only this machine "
		    "reaches the API, "
		    "so\n"
		    "      # its clients are here: loopback is let in.  Take this out "
		    "when the API "
		    "is\n"
		    "      # opened to others, or they make the CA ask services of "
		    "this machine.\n"
		    "      networks: " NETWORKS "\n");
}

static void
put_profiles(struct buf *b, const struct setup *s)
{
	buf_puts(b,
	    "\n# What may be in a certificate.  \"*.internal\" is every name below,\n"
	    "# not \"internal\" itself; rsa-N is at least N bits.\nprofiles:\n");
	for (size_t i = 0; i < NITEMS(profiles); i++) {
		buf_printf(b,
		    "  # %s\n"
		    "  - name: %s\n"
		    "    issuer: " SETUP_ISSUER "\n"
		    "    usages: %s\n"
		    "    validity: %s\n"
		    "    keys: " KEYS "\n"
		    "%s    names:\n",
		    profiles[i].comment, profiles[i].name, profiles[i].usages,
		    profiles[i].validity,
		    profiles[i].more != NULL ? profiles[i].more : "");
		if (profiles[i].names != NULL) {
			buf_puts(b, profiles[i].names);
			continue;
		}
		buf_puts(b, "      dns: ");
		put_list(b, &s->dns);
		buf_puts(b, "\n      ip: " IPS "\n");
		if (strcmp(profiles[i].name, SETUP_ACME) == 0)
			put_acme(b, s);
	}
	buf_puts(b, "  # People who run this CA; the first grant below is theirs.\n"
		    "  - name: admin\n"
		    "    issuer: " SETUP_ISSUER "\n"
		    "    usages: [client auth]\n"
		    "    validity: { default: 1y, max: 1y, backdate: 5m }\n"
		    "    keys: " KEYS "\n"
		    "    subject: cn\n"
		    "    names:\n"
		    "      # For another administrator add a name here, then \"hanaper "
		    "reload\"\n"
		    "      # and \"hanaper issue NAME --profile admin\".\n"
		    "      dns: [");
	put_quoted(b, s->admin);
	buf_puts(b, "]\n");
}

static void
put_rest(struct buf *b)
{
	buf_puts(b,
	    "\n# Who may do what.  The first that matches counts; if none does, no.\n"
	    "# On the local socket root and the daemon's user may do all.\n"
	    "grants:\n"
	    "  - who: { profile: admin }\n"
	    "    may: [issue, renew, revoke, read, admin]\n"
	    "    profiles: [\"*\"]\n"
	    "    names: any\n"
	    "  # Everyone renews what they have, under their own names.\n"
	    "  - who: { any: true }\n"
	    "    may: [renew, issue]\n"
	    "    profiles: [server, client, peer, short, spiffe]\n"
	    "    names: own\n"
	    "\n# A CRL each interval and within 'debounce' of a revocation.\n"
	    "crl: { interval: 1h, next_update: 24h, debounce: 2s }\n"
	    "\n# How long an OCSP answer counts; how long a responder's certificate.\n"
	    "ocsp: { validity: 12h, responder_validity: 7d }\n"
	    "\nlog: { level: info }\n");
}

void
setup_conf(const struct setup *s, struct buf *ret)
{
	put_head(ret, s);
	put_profiles(ret, s);
	put_rest(ret);
}
