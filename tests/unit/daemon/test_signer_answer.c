/* SPDX-License-Identifier: Apache-2.0 */
/* What waits behind a journal that core does not read. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/signer.h"
#include "sys/file.h"

TestSuite(signer_answer, .timeout = 30);

static struct err e;

/* In a process of its own, that ends: 'n' answers of 'octets', a round each. */
static _Noreturn void
answer(struct journal *j, size_t n, size_t octets)
{
	struct signer s = { .journal = j, .replaying = true };

	uint8_t *zeros = mem_zalloc(octets);

	for (size_t i = 0; i < n; i++) {
		struct buf b;

		buf_init(&b, octets);
		buf_put(&b, bytes_of(zeros, octets));
		signer_answer(&s, MSG_OCSP_SIGNED, i + 1, false, &b);
		if (!signer_commit(&s))
			_exit(3);
	}
	_exit(0);
}

/* Its exit status; what it said to its parent is in 'ret'. */
static int
answered(size_t n, size_t octets, struct buf *ret)
{
	char dir[] = "/tmp/hnp-answer-XXXXXX";
	struct journal *j;
	size_t healed;
	int fds[2], status;

	cr_assert_not_null(mkdtemp(dir));
	cr_assert(journal_create(dir, &e), "%s", e.detail);
	cr_assert(journal_open(dir, NULL, NULL, &j, &healed, &e), "%s", e.detail);
	file_remove_tree(dir);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		if (dup2(fds[1], ROLE_FD_PARENT) < 0)
			_exit(4);
		answer(j, n, octets);
	}
	close(fds[1]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	uint8_t said[KIB(1)];
	const ssize_t got = read(fds[0], said, sizeof(said));
	buf_put(ret, bytes_of(said, got > 0 ? (size_t)got : 0));
	close(fds[0]);
	journal_close(j);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* S83 */
Test(signer_answer, what_waits_behind_a_replay_is_bounded_by_its_octets)
{
	static const char words[] = "does not read the journal"; /* of MSG_FAILED */
	struct buf said;

	buf_init(&said, KIB(4));
	cr_expect_eq(answered(LINK_QUEUED_MAX / MIB(1), MIB(1), &said), 0);
	cr_expect_eq(said.n, 0);
	cr_expect_eq(answered(LINK_QUEUED_MAX / MIB(1) + 1, MIB(1), &said), 1);
	cr_expect_not_null(memmem(said.p, said.n, words, strlen(words)));
	buf_free(&said);
}
