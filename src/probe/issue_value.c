/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/issue_value.h"

static bool
is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static struct bytes
skip_blanks(struct bytes s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return bytes_skip(s, n);
}

/* label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)); how long it is, 0: there is none. */
static size_t
label_length(struct bytes s)
{
	size_t n = 0, end = 0;

	if (s.n == 0 || !is_alnum(s.p[0]))
		return 0;
	for (; n < s.n && (is_alnum(s.p[n]) || s.p[n] == '-'); n++)
		if (is_alnum(s.p[n]))
			end = n + 1;
	return end;
}

/* *rest is moved behind it. */
static struct bytes
take(struct bytes *rest, size_t n)
{
	const struct bytes v = bytes_of(rest->p, n);

	*rest = bytes_skip(*rest, n);
	return v;
}

static bool
take_domain(struct bytes *rest, struct bytes *ret)
{
	size_t n = 0;

	for (;;) {
		const size_t label = label_length(bytes_skip(*rest, n));

		if (label == 0)
			return false;
		n += label;
		if (n == rest->n || rest->p[n] != '.')
			break;
		n++;
	}
	*ret = take(rest, n);
	return true;
}

/* parameter = tag *WSP "=" *WSP *(%x21-3A / %x3C-7E) */
static bool
take_parameter(struct bytes *rest, struct issue_parameter *ret)
{
	const size_t tag = label_length(*rest);
	size_t n = 0;

	if (tag == 0)
		return false;
	ret->tag = take(rest, tag);
	*rest = skip_blanks(*rest);
	if (rest->n == 0 || rest->p[0] != '=')
		return false;
	*rest = skip_blanks(bytes_skip(*rest, 1));
	while (
	    n < rest->n && rest->p[n] > 0x20 && rest->p[n] < 0x7f && rest->p[n] != ';')
		n++;
	ret->value = take(rest, n);
	return true;
}

bool
issue_value_read(struct bytes text, struct issue_value *ret, struct err *e)
{
	struct bytes rest = skip_blanks(text);
	struct issue_value v = { 0 };

	if (rest.n > 0 && rest.p[0] != ';' && !take_domain(&rest, &v.domain))
		return err_set(e, ERR_MALFORMED, "the issuer is no domain name");
	rest = skip_blanks(rest);
	if (rest.n > 0 && rest.p[0] != ';')
		return err_set(e, ERR_MALFORMED, "no ';' behind the issuer");
	rest = skip_blanks(bytes_skip(rest, 1));
	while (rest.n > 0) {
		if (v.n == ISSUE_VALUE_PARAMETERS_MAX)
			return err_set(e, ERR_MALFORMED, "more than %d parameters",
			    ISSUE_VALUE_PARAMETERS_MAX);
		if (!take_parameter(&rest, &v.v[v.n]))
			return err_set(e, ERR_MALFORMED, "a parameter is malformed");
		v.n++;
		rest = skip_blanks(rest);
		if (rest.n == 0)
			break;
		if (rest.p[0] != ';')
			return err_set(e, ERR_MALFORMED, "no ';' between parameters");
		rest = skip_blanks(bytes_skip(rest, 1));
		if (rest.n == 0)
			return err_set(e, ERR_MALFORMED,
			    "a ';' with nothing behind it");
	}
	*ret = v;
	return true;
}

struct bytes
issue_value_issuer(struct bytes text)
{
	struct bytes rest = skip_blanks(text), domain;

	return take_domain(&rest, &domain) ? domain : bytes_of(NULL, 0);
}

const struct bytes *
issue_value_find(const struct issue_value *v, const char *tag, size_t *ret_count)
{
	const struct bytes *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < v->n; i++)
		if (bytes_eq_nocase(v->v[i].tag, tag)) {
			if (found == NULL)
				found = &v->v[i].value;
			++*ret_count;
		}
	return found;
}

bool
issue_value_is_by(const struct issue_value *v, char *const *identities, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v->domain.n > 0 && bytes_eq_nocase(v->domain, identities[i]))
			return true;
	return false;
}
