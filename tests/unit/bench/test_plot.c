/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/plot.h"

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what))
		n++;
	return n;
}

Test(plot, each_series_is_drawn_once_and_names_are_escaped)
{
	struct hist fast = { 0 }, slow = { 0 };
	const struct plot_series v[] = { { "a<b>&\n", &fast }, { "slow", &slow } };
	struct buf b;

	for (int64_t us = 100; us < 2000; us++) {
		hist_add(&fast, us);
		hist_add(&slow, us * 50);
	}
	buf_init(&b, KIB(64));
	plot_svg("title", v, NITEMS(v), &b);
	const char *svg = buf_str(&b);
	cr_expect_eq(strncmp(svg, "<svg ", 5), 0);
	cr_expect_not_null(strstr(svg, "a&lt;b>&amp;?: p50 "));
	cr_expect_null(strstr(svg, "a<b"));
	cr_expect_eq(count(svg, "fill-opacity"), 2);
	cr_expect_eq(count(svg, "<text"), count(svg, "</text>"));
	cr_expect_null(strstr(svg, "nan"));
	cr_expect_not_null(strstr(svg, "</svg>"));
	buf_free(&b);
}

Test(plot, nothing_measured_is_a_picture_without_a_curve)
{
	struct hist none = { 0 };
	const struct plot_series v[] = { { "none", &none } };
	struct buf b;

	buf_init(&b, KIB(64));
	plot_svg("", v, 1, &b);
	cr_expect_eq(count(buf_str(&b), "fill-opacity"), 0);
	cr_expect_null(strstr(buf_str(&b), "nan"));
	cr_expect_null(strstr(buf_str(&b), "inf"));
	buf_free(&b);
}
