/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reason.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/sets.h"
#include "cli/out.h"

/* Letter case, '-' and '_' do not count. */
static bool
same_word(const char *a, const char *b)
{
	for (;;) {
		while (*a == '-' || *a == '_')
			a++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

static const struct {
	enum reason reason;
	const char *word;
} reasons[] = {
#define REASON(name, n, word) { REASON_##name, word },
#include "tbl/sets.h"
#undef REASON
};

bool
reason_read(const struct command *self, const char *typed, bool ca, const char **ret)
{
	struct buf all;

	buf_init(&all, KIB(1));
	*ret = NULL;
	for (size_t i = 0; i < NITEMS(reasons); i++) {
		if (reasons[i].reason == REASON_CA_COMPROMISE && !ca)
			continue;
		if (typed != NULL && same_word(typed, reasons[i].word))
			*ret = reasons[i].word;
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", reasons[i].word);
	}
	const bool ok = typed == NULL || *ret != NULL;
	if (!ok)
		(void)out_usage(self->name,
		    "there is no reason \"%s\"; it is one of: %s", typed,
		    buf_str(&all));
	buf_free(&all);
	return ok;
}
