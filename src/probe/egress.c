/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/egress.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define REFUSED "an address of the name is not one that may be connected to (networks)"

/* IANA's special-purpose registries, but for the private networks. */
static const char *const barred[] = {
	/* clang-format off */
	"0.0.0.0/8",          /* this network */
	"100.64.0.0/10",      /* shared space (RFC 6598); clouds' metadata in it */
	"127.0.0.0/8",        /* loopback */
	"168.63.129.16/32",   /* metadata of a cloud, among the public ones */
	"169.254.0.0/16",     /* link-local; 169.254.169.254 and its like */
	"192.0.0.0/24",       /* protocol assignments */
	"192.0.2.0/24",       /* documentation */
	"192.88.99.0/24",     /* 6to4 relays, given up */
	"198.18.0.0/15",      /* benchmarks */
	"198.51.100.0/24",    /* documentation */
	"203.0.113.0/24",     /* documentation */
	"224.0.0.0/4",        /* multicast */
	"240.0.0.0/4",        /* reserved, and broadcast */
	"::/96",              /* unspecified, loopback, IPv4-compatible */
	"64:ff9b:1::/48",     /* NAT64 of a network's own making */
	"100::/64",           /* discard */
	"2001::/23",          /* protocol assignments, Teredo */
	"2001:db8::/32",      /* documentation */
	"3fff::/20",          /* documentation */
	"5f00::/16",          /* segment routing */
	"fd00:ec2::254/128",  /* metadata of a cloud, among the private ones */
	"fd20:ce::254/128",   /* of another */
	"fe80::/10",          /* link-local */
	"fec0::/10",          /* site-local, given up */
	"ff00::/8",           /* multicast */
	/* clang-format on */
};

/* Where an IPv4 address is embedded: a prefix, and the octet that it begins at. */
static const struct {
	const char *prefix;
	size_t at;
} embedding[] = {
	{ "::ffff:0:0/96", 12 },
	{ "::ffff:0:0:0/96", 12 }, /* IPv4-translated (RFC 2765) */
	{ "64:ff9b::/96", 12 },
	{ "2002::/16", 2 },
};

struct address {
	uint8_t ip[16];
	size_t octets;
};

static bool
is_in(const char *cidr, const struct address *a)
{
	struct conf_cidr c;

	/* The configuration was checked when it was loaded: what is no CIDR matches nothing. */
	return conf_cidr(cidr, &c) && conf_cidr_has(&c, a->ip, a->octets);
}

static void
unwrap(struct address *a)
{
	for (size_t i = 0; i < NITEMS(embedding); i++)
		if (a->octets == 16 && is_in(embedding[i].prefix, a)) {
			memmove(a->ip, a->ip + embedding[i].at, 4);
			a->octets = 4;
			return;
		}
}

static bool
take(const struct sockaddr *sa, struct address *ret)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		memcpy(ret->ip, &in.sin_addr, 4);
		ret->octets = 4;
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(ret->ip, &in6.sin6_addr, 16);
		ret->octets = 16;
		return true;
	}
	return false;
}

/* By a listed network, NULL: by default.  What is barred has to be listed as itself. */
static bool
is_open(const struct conf_cidr *network, const struct address *a)
{
	struct conf_cidr b;

	for (size_t i = 0; i < NITEMS(barred); i++) {
		if (!is_in(barred[i], a))
			continue;
		const bool within = network != NULL && conf_cidr(barred[i], &b) &&
				    network->bits >= b.bits;
		if (!within)
			return false;
	}
	return true;
}

static bool
is_listed(const struct strings *networks, const struct address *a)
{
	struct conf_cidr n;

	for (size_t i = 0; i < networks->n; i++)
		if (conf_cidr(networks->v[i], &n) &&
		    conf_cidr_has(&n, a->ip, a->octets) && is_open(&n, a))
			return true;
	return false;
}

bool
egress_check(const struct strings *networks, const struct sockaddr *sa, struct err *e)
{
	struct address a = { 0 };

	if (!take(sa, &a))
		return err_set(e, ERR_PROBE_CONNECTION, REFUSED);
	unwrap(&a);
	const bool open = networks->n > 0 ? is_listed(networks, &a) : is_open(NULL, &a);
	return open || err_set(e, ERR_PROBE_CONNECTION, REFUSED);
}

void
egress_text(const struct sockaddr *sa, char ret[static EGRESS_TEXT_LEN])
{
	struct address a = { 0 };
	char ip[INET6_ADDRSTRLEN];
	in_port_t port;

	const bool known = take(sa, &a);
	assert(known);
	const int family = a.octets == 4 ? AF_INET : AF_INET6;
	if (inet_ntop(family, a.ip, ip, sizeof(ip)) == NULL)
		ip[0] = '\0';
	/* The port lies at the same place in both. */
	memcpy(&port, (const uint8_t *)sa + offsetof(struct sockaddr_in, sin_port),
	    sizeof(port));
	snprintf(ret, EGRESS_TEXT_LEN, "%s%s%s:%u", a.octets == 16 ? "[" : "", ip,
	    a.octets == 16 ? "]" : "", ntohs(port));
}
