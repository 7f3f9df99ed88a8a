/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each process may ask of the kernel once it has opened what it needs; any
 * other call ends it (sys/sandbox.h).
 *
 *	CALL(call, roles, rule)
 *
 * roles: S signer, P prober, C core, F front, H the parent, hanaperd.  rule, a row
 * of sys/sandbox.c:
 *
 *	ANY        with whatever arguments
 *	HOLDING    a descriptor's flags and a copy of it, but no signals and no owner
 *	LOCKING    the same, and locks of files
 *	DATA       memory that is never executable
 *	READING    opens a file, but neither makes nor changes one
 *	OWN        only this process
 *	NAMING     gives a thread its name
 *	THREAD     a thread of this process, no process
 *	INTERNET   a TCP or UDP socket
 *	PEER       whose a connection is, and does a socket listen?
 *	LOCAL      a datagram socket of this machine
 *	WAITING    how long a send may take
 *	ENDING     SIGKILL and no other signal
 *	ABSENT     answered as by a kernel that lacks it: there is an older way
 *
 * A row more is a hole more: contrib/lint/hardening.calls has the names of each role, and
 * contrib/lint/hardening compares.  Which files the calls reach is
 * daemon/role_confine.c, and daemon/parent_confine.c.
 */
/* clang-format off */
/* descriptors that are there: channels to the other roles, the log, files */
CALL(read,            S | P | C | F | H, ANY)
CALL(write,           S | P | C | F | H, ANY)
CALL(writev,          S | P | C | F,     ANY)
CALL(close,           S | P | C | F | H, ANY)
CALL(fcntl,               P     | F | H, HOLDING)
CALL(fcntl,           S     | C,         LOCKING)
CALL(poll,            S | P | C | F | H, ANY)
CALL(sendmsg,         S | P | C | F,     ANY)
CALL(recvmsg,         S | P | C | F | H, ANY)
CALL(sendto,          S | P | C | F | H, ANY)
CALL(recvfrom,        S | P | C | F,     ANY)
CALL(fstat,           S | P | C | F | H, ANY)
CALL(newfstatat,      S | P | C | F | H, ANY) /* glibc's fstat(3) */
CALL(pread64,         S     | C | F,     ANY)
/* memory */
CALL(mmap,            S | P | C | F | H, DATA)
CALL(mprotect,        S | P | C | F | H, DATA)
CALL(mremap,          S | P | C | F | H, ANY)
CALL(munmap,          S | P | C | F | H, ANY)
CALL(madvise,         S | P | C | F | H, ANY)
CALL(brk,             S | P | C | F | H, ANY)
/* time, chance, waiting */
CALL(clock_gettime,   S | P | C | F | H, ANY) /* where the clock is no vDSO's */
CALL(gettimeofday,    S | P | C | F | H, ANY)
CALL(time,            S | P | C | F | H, ANY)
CALL(getrandom,       S | P | C | F | H, ANY)
CALL(clock_nanosleep, S | P | C | F,     ANY) /* usleep(3): SQLite, GnuTLS */
CALL(sysinfo,         S | P | C | F | H, ANY) /* qsort(3): how much memory? */
CALL(futex,           S | P | C | F | H, ANY)
CALL(restart_syscall, S | P | C | F | H, ANY)
/* its own end, and abort(3) */
CALL(rt_sigaction,    S | P | C | F | H, ANY)
CALL(rt_sigprocmask,  S | P | C | F | H, ANY)
CALL(rt_sigreturn,    S | P | C | F | H, ANY)
CALL(pause,           S | P | C | F,     ANY)
CALL(getpid,          S | P | C | F | H, ANY) /* GnuTLS: was it forked? */
CALL(gettid,          S | P | C | F | H, ANY)
CALL(tgkill,          S | P | C | F | H, OWN)
CALL(exit,            S | P | C | F | H, ANY)
CALL(exit_group,      S | P | C | F | H, ANY)
/* files: what is published, the nonces' seed of c-ares */
CALL(openat,              P     | F | H, READING)
/* files: journal, database, pub/ */
CALL(openat,          S     | C,         ANY)
CALL(pwrite64,        S     | C,         ANY)
CALL(fsync,           S     | C,         ANY)
CALL(fdatasync,       S     | C,         ANY)
CALL(ftruncate,       S     | C,         ANY)
CALL(renameat,        S     | C,         ANY)
CALL(unlinkat,        S     | C,         ANY)
CALL(fallocate,               C,         ANY)
CALL(sync_file_range,         C,         ANY) /* a large CRL */
CALL(unlink,                  C     | H, ANY)
CALL(mkdirat,                 C,         ANY)
CALL(fchmod,                  C,         ANY)
CALL(msync,                   C,         ANY)
CALL(geteuid,                 C     | H, ANY)
CALL(access,                  C,         ANY)
CALL(faccessat,               C     | H, ANY) /* realpath(3), of "x/", "x/.." */
CALL(faccessat2,              C     | H, ANY)
/* the parent: its configuration, the service manager, the end of the roles */
CALL(readlink,                        H, ANY)
CALL(getcwd,                          H, ANY)
CALL(socket,                          H, LOCAL)
CALL(setsockopt,                      H, WAITING)
CALL(wait4,                           H, ANY)
CALL(kill,                            H, ENDING)
/* the network, from within */
CALL(socket,              P,             INTERNET)
CALL(connect,             P,             ANY)
CALL(getpeername,         P     | F,     ANY)
CALL(getsockname,         P | C | F,     ANY)
CALL(getsockopt,          P     | F,     ANY)
CALL(setsockopt,          P     | F,     ANY)
CALL(shutdown,            P     | F,     ANY)
/* who asks by the local socket: core takes nobody's word for it */
CALL(getsockopt,              C,         PEER)
/* the network, from without: the sockets came listening */
CALL(accept4,                     F,     ANY)
CALL(sendfile,                    F,     ANY) /* a large CRL */
CALL(epoll_create1,               F,     ANY)
CALL(epoll_ctl,                   F,     ANY)
CALL(epoll_wait,                  F,     ANY)
CALL(eventfd2,                    F,     ANY)
/* the server's threads */
CALL(clone,                       F,     THREAD)
CALL(clone3,                      F,     ABSENT) /* its flags cannot be seen */
CALL(set_robust_list,             F,     ANY)
CALL(rseq,                        F,     ANY)
CALL(prctl,                       F,     NAMING)
CALL(sched_getaffinity,            F,    ANY)
#if __NR_poll < 0 /* machines that began without the old ones */
CALL(ppoll,           S | P | C | F | H, ANY)
CALL(epoll_pwait,                 F,     ANY)
#endif
#if __NR_readlink < 0
CALL(readlinkat,                      H, ANY)
CALL(unlinkat,                        H, ANY)
#endif
#if __NR_renameat < 0
CALL(renameat2,       S     | C,         ANY)
#endif
/* clang-format on */
