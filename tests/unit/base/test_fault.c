/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"

static void
pass(unsigned times)
{
	for (; times > 0; times--) {
		fault_point("one.step");
		fault_point("one.step.after");
		fault_point("another");
	}
}

Test(fault, without_a_plan_nothing_happens)
{
	unsetenv("HNP_FAULT");
	pass(5);
}

#ifdef HNP_FAULTS
Test(fault, the_third_passage_kills, .signal = SIGKILL)
{
	setenv("HNP_FAULT", "one.step:3:kill", 1);
	pass(3);
}

Test(fault, two_passages_are_not_three)
{
	setenv("HNP_FAULT", "one.step:3:kill", 1);
	pass(2);
}

Test(fault, a_hang_lasts, .signal = SIGALRM)
{
	setenv("HNP_FAULT", "another:1:hang", 1);
	alarm(1);
	pass(1);
}
#endif
