/* SPDX-License-Identifier: Apache-2.0 */
/* bytes, hex, sets, err, log: small enough to share a file. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sets.h"
#include "base/version.h"

Test(bytes, views_compare_cut_and_trim)
{
	char text[4];

	cr_expect(bytes_eq(bytes_str("ab"), bytes_of("abc", 2)));
	cr_expect_not(bytes_eq(bytes_str("ab"), bytes_str("abc")));
	cr_expect(bytes_eq(bytes_str(NULL), bytes_of("x", 0)));
	cr_expect(bytes_eq_nocase(bytes_str("AbC"), "aBc"));
	cr_expect(bytes_starts(bytes_str("abc"), "ab"));
	cr_expect_not(bytes_starts(bytes_str("a"), "ab"));
	cr_expect_eq(bytes_skip(bytes_str("abc"), 5).n, 0);
	cr_expect_eq(bytes_index(bytes_str("abc"), 'c'), 2);
	cr_expect_eq(bytes_index(bytes_str("abc"), 'x'), 3);
	cr_expect(bytes_eq_str(bytes_trim(bytes_str(" \t a b\r\n")), "a b"));
	cr_expect(bytes_to_str(bytes_str("abc"), text, sizeof(text)));
	cr_expect_str_eq(text, "abc");
	cr_expect_not(bytes_to_str(bytes_str("abcd"), text, sizeof(text)));
	cr_expect_not(bytes_to_str(bytes_of("a\0b", 3), text, sizeof(text)));
	cr_expect(bytes_has_nul(bytes_of("a\0b", 3)));
}

Test(hex, is_written_low_and_read_either_way)
{
	char text[9];
	uint8_t octets[4];
	size_t n = 0;

	hex_write(bytes_of("\x00\xab\x7f\xff", 4), text);
	cr_expect_str_eq(text, "00ab7fff");
	cr_expect(hex_read(bytes_str("00:AB:7f:fF"), octets, 4, &n));
	cr_expect_eq(n, 4);
	cr_expect_eq(memcmp(octets, "\x00\xab\x7f\xff", 4), 0);
	static const char *const wrong[] = { "0", "0g", "000", ":00", "00:", "00::00",
		"0000000000" };
	for (size_t i = 0; i < NITEMS(wrong); i++)
		cr_expect_not(hex_read(bytes_str(wrong[i]), octets, 4, &n), "%s",
		    wrong[i]);
}

Test(sets, every_member_has_a_word_that_leads_back)
{
	enum key_alg alg;
	enum usage usage;
	enum name_type type;
	enum reason reason;
	enum right right;
	int members = 0;

	for (unsigned n = 0; n < 64; n++) {
		if (sets_key_alg_word(n) != NULL) {
			members++;
			cr_expect(
			    sets_key_alg_from(bytes_str(sets_key_alg_word(n)), &alg) &&
			    alg == n);
		}
		if (sets_name_type_word(n) != NULL) {
			members++;
			cr_expect(sets_name_type_from(bytes_str(sets_name_type_word(n)),
				      &type) &&
				  type == n);
		}
		if (sets_reason_word(n) != NULL) {
			members++;
			cr_expect(
			    sets_reason_from(bytes_str(sets_reason_word(n)), &reason) &&
			    reason == n);
		}
		if (sets_usage_word(n) != NULL) {
			members++;
			cr_expect_not_null(sets_usage_oid(n));
			cr_expect(
			    sets_usage_from(bytes_str(sets_usage_word(n)), &usage) &&
			    usage == n);
		}
		if (sets_right_word(n) != NULL) {
			members++;
			cr_expect(
			    sets_right_from(bytes_str(sets_right_word(n)), &right) &&
			    right == n);
		}
	}
	cr_expect_eq(members, 25);
	/* P63: neither hold nor removeFromCRL may come in by this door. */
	cr_expect_not(sets_reason_from(bytes_str("certificateHold"), &reason));
	cr_expect_not(sets_reason_from(bytes_str("removeFromCRL"), &reason));
	cr_expect_not(sets_reason_from(bytes_str("keycompromise"), &reason));
}

/* R84 */
/* R84 */
Test(err, a_detail_is_utf8_without_what_steers_a_terminal)
{
	static const struct {
		const char *from, *to;
	} v[] = {
		{ "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80",
		    "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\x9b", "?" },
		{ "\xc2\x9b[31m", "??[31m" },
		{ "\xe2\x80\xae", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xc0\xaf", "??" },
		{ "\xe2\x82", "??" },
		{ "\xff\xc3", "??" },
	};

	for (size_t i = 0; i < NITEMS(v); i++) {
		struct err e;

		err_set(&e, ERR_INTERNAL, "%s", v[i].from);
		cr_expect_str_eq(e.detail, v[i].to);
	}
}

Test(err, a_detail_has_no_control_characters_and_is_cut_not_overrun)
{
	char lots[2 * ERR_DETAIL_LEN];
	struct err e;

	cr_expect_not(err_set(&e, ERR_BAD_CSR, "a\nb\x1b[31m%s", "\x7f"));
	cr_expect_str_eq(e.detail, "a?b?[31m?");
	cr_expect_eq(err_status(e.code), 400);
	cr_expect_str_eq(err_type(e.code), "bad-csr");
	cr_expect_not(err_prefix(&e, "csr"));
	cr_expect_str_eq(e.detail, "csr: a?b?[31m?");
	memset(lots, 'x', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	err_set(&e, ERR_INTERNAL, "%s", lots);
	cr_expect_eq(strlen(e.detail), ERR_DETAIL_LEN - 1);
	errno = ENOSPC;
	err_errno(&e, "cannot write");
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not_null(strstr(e.detail, "free some space"));
	cr_expect_eq(err_code_from(9999), ERR_INTERNAL);
	cr_expect_eq(err_code_from(0), ERR_INTERNAL);
	for (unsigned c = ERR_NONE + 1; c < ERR__MAX; c++) {
		cr_expect_geq(err_status((enum err_code)c), 400);
		cr_expect_neq(err_title((enum err_code)c)[0], '\0');
	}
}

/* R84: one event, one line, whatever a value holds. */
Test(log, one_event_is_one_line_and_values_are_escaped)
{
	char line[400] = "";
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	const int saved = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	log_init("core", LOG_INFO);
	LOG(LOG_DEBUG, "not-shown", LOG_NUM("n", 1));
	LOG(LOG_WARN, "refused",
	    LOG_TEXT("name", "a\nrefused name=\"b\" \\ \x1b \xc2\x9b"),
	    LOG_NUM("n", -5), LOG_TEXT("plain", "x"), LOG_TEXT("empty", NULL));
	dup2(saved, STDERR_FILENO);
	const ssize_t n = read(fds[0], line, sizeof(line) - 1);
	cr_assert_gt(n, 21);
	cr_expect_str_eq(line + 20,
	    " warn core refused name=\"a\\nrefused "
	    "name=\\\"b\\\" \\\\ \\x1b \\xc2\\x9b\" n=-5 plain=x "
	    "empty=\"\"\n");
}

/* What 'fn' writes to stderr. */
static void
capture(void (*fn)(void), char *line, size_t size)
{
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	const int saved = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	fn();
	dup2(saved, STDERR_FILENO);
	const ssize_t n = read(fds[0], line, size - 1);
	cr_assert_gt(n, 0);
	line[n] = '\0';
}

static void
write_json(void)
{
	log_init("core", LOG_INFO);
	log_format(LOG_FORMAT_JSON);
	LOG(LOG_WARN, "refused",
	    LOG_TEXT("name", "a\n\"b\" \\ \x1b \xc3\xa4 \xf0\x9f\x98\x80 \xff\xc0"),
	    LOG_NUM("n", -5), LOG_TEXT("empty", NULL));
}

/* R84 */
Test(log, as_json_an_event_is_one_object_on_one_line)
{
	char line[400];

	capture(write_json, line, sizeof(line));
	cr_expect_not_null(strstr(line, "{\"time\":\"2"));
	cr_expect_not_null(
	    strstr(line, "\"level\":\"warn\",\"role\":\"core\",\"event\":\"refused\","
			 "\"name\":\"a\\u000a\\\"b\\\" \\\\ \\u001b \\u00e4 "
			 "\\ud83d\\ude00 \\ufffd\\ufffd\","
			 "\"n\":-5,\"empty\":\"\"}\n"));
}

static void
write_odd_json(void)
{
	log_init("core", LOG_INFO);
	log_format(LOG_FORMAT_JSON);
	LOG(LOG_WARN, "odd", LOG_TEXT("short", "\xe2\x82"),
	    LOG_TEXT("overlong", "\xc1\xbf \xe0\x9f\xbf \xf0\x8f\xbf\xbf"),
	    LOG_TEXT("surrogate", "\xed\xa0\x80"), LOG_TEXT("far", "\xf4\x90\x80\x80"),
	    LOG_TEXT("good", "\xe2\x82\xac \xe0\xa0\x80 \xed\x9f\xbf \xf0\x90\x80\x80 "
			     "\xf4\x8f\xbf\xbf"));
}

/* R84: RFC 3629 4; what is no UTF-8 is told octet by octet. */
Test(log, what_is_no_utf8_is_replaced_and_its_limits_are_kept)
{
	char line[800];

	capture(write_odd_json, line, sizeof(line));
	cr_expect_not_null(strstr(line, "\"short\":\"\\ufffd\\ufffd\""), "%s", line);
	cr_expect_not_null(strstr(line,
			       "\"overlong\":\"\\ufffd\\ufffd \\ufffd\\ufffd\\ufffd "
			       "\\ufffd\\ufffd\\ufffd\\ufffd\""),
	    "%s", line);
	cr_expect_not_null(strstr(line, "\"surrogate\":\"\\ufffd\\ufffd\\ufffd\""),
	    "%s", line);
	cr_expect_not_null(strstr(line, "\"far\":\"\\ufffd\\ufffd\\ufffd\\ufffd\""),
	    "%s", line);
	cr_expect_not_null(strstr(line,
			       "\"good\":\"\\u20ac \\u0800 \\ud7ff \\ud800\\udc00 "
			       "\\udbff\\udfff\""),
	    "%s", line);
}

static void
write_for_journald(void)
{
	char stream[64];
	struct stat st;

	cr_assert_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("core", LOG_INFO);
	LOG(LOG_ERROR, "bad", LOG_NUM("n", 1));
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_init("core", LOG_INFO);
	LOG(LOG_ERROR, "elsewhere", LOG_NUM("n", 1));
}

Test(log, in_the_journal_a_line_begins_with_its_priority)
{
	char lines[400];

	capture(write_for_journald, lines, sizeof(lines));
	cr_expect_eq(strncmp(lines, "<3>2", 4), 0, "%s", lines);
	cr_expect_not_null(strstr(lines, "\n2"), "%s", lines);
}

static void
write_long(void)
{
	static char text[LOG_VALUE_MAX + 100];

	memset(text, 'a', sizeof(text) - 1);
	log_init("core", LOG_INFO);
	LOG(LOG_INFO, "long", LOG_TEXT("a", text), LOG_TEXT("b", "x"));
}

Test(log, a_long_value_is_cut_and_the_line_ends)
{
	char line[4096];

	capture(write_long, line, sizeof(line));
	cr_expect_not_null(strstr(line, "aaa... b=x\n"), "%s", line);
	cr_expect_lt(strlen(line), LOG_VALUE_MAX + 100u);
}

Test(log, levels_have_words)
{
	enum log_format format;
	enum log_level level;

	cr_expect(log_level_from("warn", &level) && level == LOG_WARN);
	cr_expect_not(log_level_from("loud", &level));
	cr_expect(log_format_from("json", &format) && format == LOG_FORMAT_JSON);
	cr_expect_not(log_format_from("xml", &format));
}

Test(mem, copies_are_whole)
{
	char *s = mem_printf("%s-%d", "a", 5);

	cr_expect_str_eq(s, "a-5");
	free(s);
	s = mem_strndup(bytes_of("abc", 2));
	cr_expect_str_eq(s, "ab");
	mem_wipe_free(s, 2);
	cr_expect_null(mem_strdup(NULL));
}

/* R88 */
Test(version, an_older_library_is_refused_by_name_and_numbers)
{
	static const struct {
		const char *have, *least;
		bool good;
	} cases[] = {
		{ "3.7.9", "3.7.9", true },
		{ "3.7.10", "3.7.9", true },
		{ "3.8", "3.7.9", true },
		{ "4", "3.7.9", true },
		{ "3.7.9-dirty", "3.7.9", true },
		{ "3.7.9", "3.7", true },
		{ "3.7", "3.7.0", true },
		{ "3.7.8", "3.7.9", false },
		{ "3.7", "3.7.9", false },
		{ "2.99.99", "3.7.9", false },
		{ "", "3.7.9", false },
		{ NULL, "3.7.9", false },
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct err e = { 0 };
		const bool good =
		    version_check("GnuTLS", cases[i].have, cases[i].least, &e);

		cr_expect_eq(good, cases[i].good, "%s", cases[i].have);
		if (!good) {
			cr_expect_eq(e.code, ERR_UNAVAILABLE);
			cr_expect_not_null(strstr(e.detail, "GnuTLS"));
			cr_expect_not_null(strstr(e.detail, "3.7.9"));
		}
	}
}
