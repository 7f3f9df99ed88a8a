/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msg.h"

#include <assert.h>

static const char *const names[] = {
#define MESSAGE(name, n, from, to) [n] = #name,
#include "tbl/messages.h"
#undef MESSAGE
};

const char *
msg_name(unsigned type)
{
	return type < NITEMS(names) && names[type] != NULL ? names[type] : "?";
}

static bool
find_rule(const struct msg_rule *rules, enum peer from, unsigned type, size_t *ret)
{
	for (size_t i = 0; rules[i].type != 0; i++) {
		assert(i < 64);
		if (rules[i].type == type && rules[i].from == from) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool
is_allowed(const struct frame *f, enum peer from, const struct msg_rule *rules,
    uint64_t *seen, size_t *ret_rule, struct err *e)
{
	size_t i;

	if (!find_rule(rules, from, f->type, &i))
		return err_set(e, ERR_MALFORMED, "message %u (%s) is not for this role",
		    f->type, msg_name(f->type));
	if (f->body.n > rules[i].octets)
		return err_set(e, ERR_MALFORMED,
		    "message %s has %zu octets, at most %zu are allowed",
		    msg_name(f->type), f->body.n, rules[i].octets);
	if (rules[i].once && (*seen >> i & 1) != 0)
		return err_set(e, ERR_MALFORMED, "message %s came a second time",
		    msg_name(f->type));
	/* Descriptors come with these and nothing else: none can be heaped up on us. */
	if ((f->fd >= 0) != (f->type == MSG_LISTENER || f->type == MSG_HTTP_LOCAL))
		return err_set(e, ERR_MALFORMED, "message %s came %s a descriptor",
		    msg_name(f->type), f->fd >= 0 ? "with" : "without");
	*ret_rule = i;
	return true;
}

bool
msg_receive(struct chan *c, enum peer from, const struct msg_rule *rules,
    uint64_t *seen, void *ctx, struct err *e)
{
	for (int i = 0; i < MSG_RECEIVE_MAX; i++) {
		struct frame f;
		size_t rule = 0;
		bool got;

		if (!chan_recv(c, &f, &got, e))
			return false;
		if (!got)
			return true;
		if (!is_allowed(&f, from, rules, seen, &rule, e))
			return false; /* f.fd stays open (chan_leave()) */
		*seen |= UINT64_C(1) << rule;
		if (!rules[rule].handler(ctx, &f, e))
			return err_prefix(e, msg_name(f.type));
		if (!chan_pending(c))
			return true;
	}
	return true;
}
