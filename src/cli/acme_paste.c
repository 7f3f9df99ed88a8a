/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/acme_paste.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/out.h"
#include "codec/base64.h"

#define LINES_MAX KIB(256)
/* They keep nothing of the variable, and their timers do not set it. */
#define RENEWALS                                                                       \
	"; to renew without the variable: hanaper trust install --root root.crt "      \
	"--store system"

/*
 * @URL@ @KID@ @KEY@ @NAME@ as they are: they hold nothing that a shell or YAML
 * reads.  @ROOT@ as a shell's word, @QROOT@ in double quotes, @BUNDLE@ in base64.
 */
static const struct {
	const char *client, *title, *lines;
} pastes[] = {
	{ "certbot", "certbot" RENEWALS,
	    "REQUESTS_CA_BUNDLE=@ROOT@ certbot certonly --standalone -d @NAME@ \\\n"
	    "    --server @URL@ \\\n"
	    "    --agree-tos --register-unsafely-without-email \\\n"
	    "    --eab-kid @KID@ --eab-hmac-key @KEY@\n" },
	{ "lego", "lego" RENEWALS,
	    "LEGO_CA_CERTIFICATES=@ROOT@ lego --server @URL@ \\\n"
	    "    --accept-tos --email you@example.com --http -d @NAME@ \\\n"
	    "    --eab --kid @KID@ --hmac @KEY@ run\n" },
	{ "acme.sh", "acme.sh",
	    "acme.sh --register-account --server @URL@ \\\n"
	    "    --ca-bundle @ROOT@ \\\n"
	    "    --eab-kid @KID@ --eab-hmac-key @KEY@\n"
	    "acme.sh --issue --standalone -d @NAME@ --ca-bundle @ROOT@ \\\n"
	    "    --server @URL@\n" },
	{ "caddy", "Caddy (Caddyfile)",
	    "@NAME@ {\n"
	    "\ttls {\n"
	    "\t\tissuer acme {\n"
	    "\t\t\tdir @URL@\n"
	    "\t\t\ttrusted_roots @QROOT@\n"
	    "\t\t\teab @KID@ @KEY@\n"
	    "\t\t}\n"
	    "\t}\n"
	    "}\n" },
	{ "traefik", "Traefik (static configuration, YAML)",
	    "certificatesResolvers:\n"
	    "  hanaper:\n"
	    "    acme:\n"
	    "      caServer: @URL@\n"
	    "      caCertificates:\n"
	    "        - @QROOT@\n"
	    "      email: you@example.com\n"
	    "      storage: acme.json\n"
	    "      eab:\n"
	    "        kid: @KID@\n"
	    "        hmacEncoded: @KEY@\n"
	    "      httpChallenge:\n"
	    "        entryPoint: web\n" },
	{ "cert-manager", "cert-manager (Kubernetes)",
	    "apiVersion: v1\n"
	    "kind: Secret\n"
	    "metadata:\n"
	    "  name: hanaper-eab\n"
	    "  namespace: cert-manager\n"
	    "stringData:\n"
	    "  secret: @KEY@\n"
	    "---\n"
	    "apiVersion: cert-manager.io/v1\n"
	    "kind: ClusterIssuer\n"
	    "metadata:\n"
	    "  name: hanaper\n"
	    "spec:\n"
	    "  acme:\n"
	    "    server: @URL@\n"
	    "    caBundle: @BUNDLE@\n"
	    "    externalAccountBinding:\n"
	    "      keyID: @KID@\n"
	    "      keySecretRef:\n"
	    "        name: hanaper-eab\n"
	    "        key: secret\n"
	    "    privateKeySecretRef:\n"
	    "      name: hanaper-account\n"
	    "    solvers:\n"
	    "      - http01:\n"
	    "          ingress:\n"
	    "            ingressClassName: nginx\n" },
};

const char *
acme_paste_client(size_t i)
{
	return i < NITEMS(pastes) ? pastes[i].client : NULL;
}

const char *
acme_paste_title(size_t i)
{
	return i < NITEMS(pastes) ? pastes[i].title : NULL;
}

/* ---- what goes in ---- */

static void
put_quoted(struct buf *b, const char *text)
{
	buf_putc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(b, '\\');
		buf_putc(b, (uint8_t)*text);
	}
	buf_putc(b, '"');
}

static void
put_word(struct buf *b, const char *text)
{
	char *word = out_word(text);

	buf_puts(b, word);
	free(word);
}

static void
put_base64(struct buf *b, const char *text)
{
	base64_put(b, bytes_str(text));
}

/* Puts in what stands between two '@'. */
static void
put_value(struct buf *b, const struct acme_paste *p, struct bytes name)
{
	const struct {
		const char *name, *value;
		void (*put)(struct buf *b, const char *text);
	} values[] = {
		{ "URL", p->url, buf_puts },
		{ "KID", p->kid, buf_puts },
		{ "KEY", p->key, buf_puts },
		{ "NAME", p->name, buf_puts },
		{ "ROOT", p->root, put_word },
		{ "QROOT", p->root, put_quoted },
		{ "BUNDLE", p->root_pem, put_base64 },
	};

	for (size_t i = 0; i < NITEMS(values); i++)
		if (bytes_eq_str(name, values[i].name)) {
			values[i].put(b, values[i].value);
			return;
		}
	buf_putc(b, '@'); /* a plain one, as in an e-mail address */
	buf_put(b, name);
	buf_putc(b, '@');
}

/* Is it "@WORD@" that begins here?  Its word, else nothing. */
static struct bytes
placeholder(const char *at)
{
	const size_t n = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return bytes_of(at + 1, at[1 + n] == '@' ? n : 0);
}

char *
acme_paste_lines(size_t i, const struct acme_paste *p)
{
	const char *at = pastes[i].lines;
	struct buf b;

	buf_init(&b, LINES_MAX);
	while (*at != '\0') {
		const size_t plain = strcspn(at, "@");
		struct bytes word;

		buf_put(&b, bytes_of(at, plain));
		at += plain;
		if (*at == '\0')
			break;
		word = placeholder(at);
		if (word.n > 0) {
			put_value(&b, p, word);
			at += word.n + 2;
		} else
			buf_putc(&b, (uint8_t)*at++);
	}
	char *text = mem_strdup(buf_str(&b));
	buf_wipe(&b);
	return text;
}

char *
acme_paste_example(const json_t *patterns)
{
	const char *first = json_string_value(json_array_get(patterns, 0));

	if (first == NULL || strcmp(first, "dns:*") == 0)
		return mem_strdup("web.example.internal");
	if (strncmp(first, "dns:*.", 6) == 0)
		return mem_printf("web.%s", first + 6);
	const char *value = strchr(first, ':');
	value = value != NULL ? value + 1 : first;
	return mem_strndup(bytes_of(value, strcspn(value, "/")));
}
