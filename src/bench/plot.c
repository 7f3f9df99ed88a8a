/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plot.h"

#include <math.h>

#define WIDTH  720
#define HEIGHT 360
#define LEFT   56 /* of the field in which is drawn */
#define RIGHT  16
#define TOP    40
#define BOTTOM 44

struct field {              /* what the axes show */
	double least, most; /* log10 of microseconds */
	double share;       /* the highest, 0 to 1 */
};

static const char *const colours[PLOT_SERIES_MAX] = { "#0072b2", "#d55e00", "#009e73",
	"#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000" };

static void
put_escaped(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '<')
			buf_puts(b, "&lt;");
		else if (*s == '&')
			buf_puts(b, "&amp;");
		else if ((unsigned char)*s < 0x20)
			buf_putc(b, '?');
		else
			buf_putc(b, (uint8_t)*s);
	}
}

static double
x_of(const struct field *f, int64_t us)
{
	const double at = log10(us < 1 ? 1.0 : (double)us);

	return LEFT + (at - f->least) / (f->most - f->least) * (WIDTH - LEFT - RIGHT);
}

static double
y_of(const struct field *f, double share)
{
	return HEIGHT - BOTTOM - share / f->share * (HEIGHT - TOP - BOTTOM);
}

static struct field
field_of(const struct plot_series *v, size_t n)
{
	struct field f = { .least = 9, .most = 0, .share = 0 };
	struct hist_step steps[HIST_STEPS_MAX];

	for (size_t i = 0; i < n; i++) {
		const unsigned count = hist_steps(v[i].hist, steps);

		for (unsigned s = 0; s < count; s++) {
			const double part = (double)steps[s].n / (double)v[i].hist->n;
			const int64_t from = steps[s].least_us;

			f.least =
			    fmin(f.least, floor(log10(from < 1 ? 1 : (double)from)));
			f.most = fmax(f.most, ceil(log10((double)steps[s].end_us)));
			f.share = fmax(f.share, part);
		}
	}
	if (f.least >= f.most) /* nothing to show */
		f = (struct field){ .least = 0, .most = 6, .share = 1 };
	return f;
}

static void
put_axes(struct buf *b, const struct field *f)
{
	buf_printf(b, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#888\"/>\n",
	    LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
	for (int at = (int)f->least; at <= (int)f->most; at++) {
		const int64_t us = (int64_t)lround(pow(10, at));
		char span[HIST_SPAN_LEN];

		hist_span(us, span);
		buf_printf(b,
		    "<path d=\"M%.1f %dV%d\" stroke=\"#ccc\"/>"
		    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
		    x_of(f, us), TOP, HEIGHT - BOTTOM, x_of(f, us),
		    HEIGHT - BOTTOM + 18, span);
	}
	buf_printf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.0f %%</text>\n",
	    LEFT - 6, TOP + 4, 100 * f->share);
}

static void
put_series(struct buf *b, const struct field *f, const struct plot_series *s, size_t i)
{
	struct hist_step steps[HIST_STEPS_MAX];
	const unsigned n = hist_steps(s->hist, steps);
	char p50[HIST_SPAN_LEN], p99[HIST_SPAN_LEN];

	hist_span(hist_at(s->hist, 500), p50);
	hist_span(hist_at(s->hist, 990), p99);
	if (n > 0) {
		buf_printf(b, "<path d=\"M%.1f %d", x_of(f, steps[0].least_us),
		    HEIGHT - BOTTOM);
		for (unsigned j = 0; j < n; j++)
			buf_printf(b, "V%.1fH%.1f",
			    y_of(f, (double)steps[j].n / (double)s->hist->n),
			    x_of(f, steps[j].end_us));
		buf_printf(b,
		    "V%dZ\" fill=\"%s\" fill-opacity=\"0.25\" stroke=\"%s\"/>\n",
		    HEIGHT - BOTTOM, colours[i], colours[i]);
	}
	buf_printf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"%s\">",
	    WIDTH - RIGHT, TOP + 14 + 16 * (int)i, colours[i]);
	put_escaped(b, s->name);
	buf_printf(b, ": p50 %s, p99 %s</text>\n", p50, p99);
}

void
plot_svg(const char *title, const struct plot_series *v, size_t n, struct buf *ret)
{
	if (n > PLOT_SERIES_MAX)
		n = PLOT_SERIES_MAX;
	const struct field f = field_of(v, n);

	buf_printf(ret,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
	    "font-family=\"sans-serif\" font-size=\"12\">\n"
	    "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
	    "<text x=\"%d\" y=\"22\" font-size=\"15\">",
	    WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT);
	put_escaped(ret, title);
	buf_puts(ret, "</text>\n");
	put_axes(ret, &f);
	for (size_t i = 0; i < n; i++)
		put_series(ret, &f, &v[i], i);
	buf_puts(ret, "</svg>\n");
}
