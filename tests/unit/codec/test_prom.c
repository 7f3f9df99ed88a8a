/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "codec/prom.h"

static struct buf b;

static void
begin(void)
{
	buf_init(&b, KIB(64));
}

static void
end(void)
{
	buf_free(&b);
}

Test(prom, a_family_is_its_head_and_its_samples, .init = begin, .fini = end)
{
	prom_family(&b, "hanaper_ready", "gauge", "Is it?");
	prom_put(&b, "hanaper_ready", 1, PROM_PLAIN);
	prom_put(&b, "x", 0.25, PROM_LABELS({ "a", "q\"b\\c\nd" }, { "k", "v" }));
	prom_put(&b, "x", 1795267977, PROM_PLAIN);
	cr_expect_str_eq(buf_str(&b),
	    "# HELP hanaper_ready Is it?\n# TYPE hanaper_ready gauge\nhanaper_ready 1\n"
	    "x{a=\"q\\\"b\\\\c\\nd\",k=\"v\"} 0.25\nx 1795267977\n");
}

Test(prom, a_histogram_counts_up_to_each_bound, .init = begin, .fini = end)
{
	struct prom_hist h = { 0 };

	prom_observe(&h, &prom_sizes, 1);
	prom_observe(&h, &prom_sizes, 2);
	prom_observe(&h, &prom_sizes, 3);
	prom_observe(&h, &prom_sizes, 100000);
	prom_put_hist(&b, "n", &h, &prom_sizes, PROM_LABELS({ "r", "x" }));
	const char *text = buf_str(&b);
	cr_expect_eq(strncmp(text,
			 "n_bucket{r=\"x\",le=\"1\"} 1\nn_bucket{r=\"x\",le=\"2\"} 2\n"
			 "n_bucket{r=\"x\",le=\"4\"} 3\n",
			 70),
	    0, "%s", text);
	cr_expect_not_null(
	    strstr(text, "le=\"4096\"} 3\nn_bucket{r=\"x\",le=\"+Inf\"} 4\n"
			 "n_sum{r=\"x\"} 100006\nn_count{r=\"x\"} 4\n"));
	buf_clear(&b);
	h = (struct prom_hist){ 0 };
	prom_observe(&h, &prom_seconds, 100); /* a bound is inside */
	prom_observe(&h, &prom_seconds, 1500000);
	prom_put_hist(&b, "t", &h, &prom_seconds, PROM_PLAIN);
	cr_expect_not_null(strstr(buf_str(&b), "t_bucket{le=\"0.0001\"} 1\n"));
	cr_expect_not_null(strstr(buf_str(&b), "t_bucket{le=\"2.5\"} 2\n"));
	cr_expect_not_null(strstr(buf_str(&b), "t_sum 1.5001\nt_count 2\n"));
}

/* S71: labels are few, whatever is counted. */
Test(prom, a_set_counts_by_two_labels_and_is_bounded, .init = begin, .fini = end)
{
	struct prom_set s = { 0 };
	char label[16];

	prom_count(&s, "server", "main");
	prom_count(&s, "server", "main");
	prom_add(&s, "client", NULL, 5);
	prom_put_set(&b, "n", &s, "profile", "issuer");
	cr_expect_str_eq(buf_str(&b), "n{profile=\"server\",issuer=\"main\"} 2\n"
				      "n{profile=\"client\",issuer=\"\"} 5\n");
	for (int i = 0; i < 3000; i++) {
		snprintf(label, sizeof(label), "l%d", i);
		prom_count(&s, label, NULL);
	}
	cr_expect_leq(s.n, 1000u);
	cr_expect_eq(prom_counted(&s), 3007u);
	prom_set_free(&s);
	cr_expect_eq(s.n, 0u);
}
