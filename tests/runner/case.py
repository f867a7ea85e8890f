# SPDX-License-Identifier: Apache-2.0
"""One test case: a process of its own for it, and one to watch it.

The watcher is a subreaper, so that whatever the test starts stays below it, however often it
forks. When the test has ended, the watcher has no children, or the test fails and they are
named. The watcher never decides how results are shown; it hands one dictionary to the runner.
"""

import json
import os
import resource
import select
import shutil
import signal
import sys
import time

import processes

SKIP = 77
# What a node may take to go away when its last program has ended.
GRACE = 3.0
OUTPUT_MAX = 1 << 20


class Interrupted(Exception):
    pass


def _interrupt(_signo, _frame):
    raise Interrupted


def start(test, directory):
    """Forks the watcher. Returns its pid and the descriptor on which the result will come."""
    ours, theirs = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, ours
    status = 1
    try:
        os.close(ours)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the runner tells us, by SIGTERM
        signal.signal(signal.SIGTERM, _interrupt)
        processes.prctl(processes.PR_SET_PDEATHSIG, signal.SIGTERM)
        processes.prctl(processes.PR_SET_CHILD_SUBREAPER, 1)
        with os.fdopen(theirs, "w", encoding="utf-8") as pipe:
            json.dump(_watch(test, directory), pipe)
        status = 0
    finally:
        os._exit(status)


def _become(test, directory, output):
    """In the child: everything a test may rely on. Does not return."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, 4096)
    for signo in range(1, signal.NSIG):
        try:
            signal.signal(signo, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # KILL, STOP and glibc's own
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # No core files, unless a test asks for them.
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    os.umask(0o022)
    os.chdir(test.cwd or directory)
    if test.user is not None:
        os.setgroups([])
        os.setresgid(test.user, test.user, test.user)
        os.setresuid(test.user, test.user, test.user)
    os.execve(test.argv[0], test.argv, dict(test.env, TMPDIR=directory, **(
        {} if test.cwd else {"HOME": directory, "XDG_RUNTIME_DIR": directory})))


def _run(test, directory, output):
    pid = os.fork()
    if pid == 0:
        try:
            _become(test, directory, output)
        except BaseException as error:  # noqa: the fork must end here, whatever it is
            os.write(2, f"{test.argv[0]}: {error}\n".encode())
        finally:
            os._exit(127)
    pidfd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        if not poll.poll(test.limit * 1000):
            return None
    finally:
        os.close(pidfd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _watch(test, directory):
    """Runs the case; what it answers is for the runner: status, why, seconds, output."""
    os.mkdir(directory, 0o700)
    if test.user is not None:
        os.chown(directory, test.user, test.user)
    output = os.open(directory + ".out", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                     | os.O_APPEND, 0o600)
    begin = time.monotonic()
    notes = []
    try:
        code = _run(test, directory, output)
        seconds = time.monotonic() - begin
        status, why = _judge(code, test)
        if code is None:
            notes = _describe_all()
        elif not processes.wait_for_none(os.getpid(), GRACE):
            notes = _describe_all()
            if status != "fail":
                status, why = "fail", f"left {len(notes)} process(es)"
        left = _nodes_left(directory)
        if left and status == "ok":
            status, why = "fail", f"left the directory of a node: {' '.join(left)}"
    except Interrupted:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        seconds = time.monotonic() - begin
        status, why = "fail", "interrupted"
    unkillable = processes.kill_all(os.getpid())
    if unkillable:
        status, why = "fail", "left processes that cannot be killed"
        notes += [processes.describe(*item) for item in unkillable.items()]
    size = os.fstat(output).st_size
    text = os.pread(output, OUTPUT_MAX, max(0, size - OUTPUT_MAX)).decode("utf-8", "replace")
    os.unlink(directory + ".out")
    shutil.rmtree(directory, ignore_errors=True)
    if status == "skip":
        why = (text.strip().splitlines() or ["no reason given"])[-1]
    return {"status": status, "why": why, "seconds": seconds, "output": text, "notes": notes}


def _judge(code, test):
    if code is None:
        return "fail", f"not done after {test.limit:g} s"
    if code == 0:
        return "ok", ""
    if code == SKIP:
        return "skip", ""
    if code < 0:
        try:
            return "fail", f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return "fail", f"killed by signal {-code}"
    return "fail", f"exit status {code}"


def _describe_all():
    return [processes.describe(*item) for item in processes.descendants(os.getpid()).items()]


def _nodes_left(directory):
    try:
        return sorted(os.listdir(os.path.join(directory, "kamioka")))
    except OSError:
        return []
