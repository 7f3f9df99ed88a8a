/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of issue and revoke ask core for; and time that passes. */
#include "paper.h"

struct identity paper_admin = { .kind = IDENTITY_ADMIN, .text = (char *)"uid:0" };

struct csr *
paper_web(void)
{
	return paper_csr((const char *const[]){ "web.internal", NULL });
}

struct issue_request
paper_request(const struct csr *csr)
{
	return (struct issue_request){ .who = &paper_admin,
		.profile = "server",
		.csr = csr,
		.request_id = "r-1" };
}

static void
on_enough(void *arg)
{
	loop_stop(arg);
}

void
paper_run_for(int64_t ms)
{
	(void)loop_after(paper.loop, ms, on_enough, paper.loop);
	loop_run(paper.loop);
}
