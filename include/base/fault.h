/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault - named steps at which a test ends or holds the process.
 *
 * They exist in builds of --enable-faults alone, which --enable-developer turns
 * on; of a release they are no octet.  HNP_FAULT="core.commit.before:3:kill"
 * kills at the third passage, "…:hang" stays there for ever.  Calls that fail
 * need no step: tests/flow/faults.c.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef HNP_FAULTS
/* 'name' is ROLE.WHAT or ROLE.WHAT.WHEN, and stands nowhere else. */
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif

#endif
