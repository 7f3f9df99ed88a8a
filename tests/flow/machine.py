# SPDX-License-Identifier: Apache-2.0
"""A machine with a systemd of its own: namespaces over this one's files, changes in memory.

It has no network but its loopback, sees no process of ours, and writes to no file
and no setting (/proc/sys) of this machine.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

SYSTEMD = "/lib/systemd/systemd"
# $1: a directory for it.  Nothing but the journal is started: the units of this machine are not its own.
BOOT = f"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
for x in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $x; done
chmod 1777 tmp
for x in null zero full random urandom tty; do touch dev/$x; mount --bind /dev/$x dev/$x; done
mkdir dev/shm dev/pts old
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
: > dev/console
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
rm -rf etc/systemd/system
mkdir -p etc/systemd/system
printf '[Unit]\\nRequires=systemd-journald.service\\nAfter=systemd-journald.service\\n' > etc/systemd/system/alone.target
ip link set lo up
pivot_root . old
umount -l old
exec env -i container=lxc PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin {SYSTEMD} --system --unit=alone.target
"""


def cgroup2():
    """Where the kernel's groups of processes are, or None."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        if line.split()[2] == "cgroup2":
            return pathlib.Path(line.split()[1])
    return None


def lacking():
    """Why there can be no such machine, or None."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [p for p in (SYSTEMD, "unshare", "nsenter", "ip", "pivot_root") if not shutil.which(p)]
    if missing:
        return "needs " + ", ".join(missing)
    if not cgroup2():
        return "needs cgroup2"
    probe = subprocess.run(["unshare", "--cgroup", "--pid", "--mount", "--fork", "--uts", "--ipc", "--net", "true"],
                           capture_output=True, check=False)
    return f"may make no namespaces: {probe.stderr.decode().strip()}" if probe.returncode != 0 else None


class Machine:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hnp-"))
        self.group = cgroup2() / self.dir.name
        self.group.mkdir()
        self.log = open(self.dir / "log", "w+b")
        self.outer = subprocess.Popen(
            ["unshare", "--cgroup", "--pid", "--mount", "--fork", "--uts", "--ipc", "--net", "--kill-child",
             "sh", "-c", BOOT, "sh", self.dir], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: (self.group / "cgroup.procs").write_text(str(os.getpid())))
        try:
            self.pid = self.first()
            self.until(lambda: self.run("systemctl", "is-active", "alone.target", check=False).returncode == 0)
        except BaseException:
            self.stop()
            raise

    def first(self):
        """The process that is its number one."""
        children = pathlib.Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.outer.poll() is not None:
                break
            for pid in children.read_text().split():
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                    return int(pid)
            time.sleep(0.05)
        raise AssertionError("systemd did not start: " + (self.dir / "log").read_text())

    def run(self, *args, check=True, stdin=""):
        env = {k: v for k, v in os.environ.items() if k != "TMPDIR"}  # it has a /tmp of its own
        done = subprocess.run(["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w",
                               *(str(a) for a in args)], input=stdin, capture_output=True, text=True,
                              timeout=120, check=False, env=env)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, args))}: exit status {done.returncode}\n"
                                 f"{done.stdout}\n{done.stderr}")
        return done

    @staticmethod
    def until(there, seconds=20):
        end = time.monotonic() + seconds
        while not there():
            if time.monotonic() > end:
                raise AssertionError("it did not come to that")
            time.sleep(0.1)

    def path(self, name):
        """A file of its, from here."""
        return pathlib.Path(f"/proc/{self.pid}/root{name}")

    def stop(self):
        """All of it ends with its first process."""
        if hasattr(self, "pid"):
            os.kill(self.pid, signal.SIGKILL)
        else:
            self.outer.kill()
        self.outer.wait(20)
        self.log.close()
        end = time.monotonic() + 10
        while self.group.exists() and time.monotonic() < end:
            for where, _, _ in os.walk(self.group, topdown=False):
                try:
                    os.rmdir(where)
                except OSError:
                    time.sleep(0.02)  # its last processes are still ending
        shutil.rmtree(self.dir, ignore_errors=True)
