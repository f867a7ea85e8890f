#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command in a terminal: Ctrl-C, Ctrl-Z and fg, by a small job-control shell of our own.

`--list` names the tests, NAME runs one. The shell is a session leader on a pty; the test types at
the pty's other side. Nothing here waits for a time, only for events, with a limit on patience.
"""
import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time

PATIENCE = 20
KAMIOKA = os.path.join(os.environ.get("KAMIOKA_BIN", "build/bin"), "kamioka")
PR_SET_CHILD_SUBREAPER = 36


def until(what, condition):
    """For what no descriptor tells: the kernel's word on another process."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.005)


def stat_of(pid):
    """State, parent and group of a process; state X once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            state, ppid, pgrp = file.read().rsplit(")", 1)[1].split()[:3]
        return state, int(ppid), int(pgrp)
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0, 0


class Terminal:
    """A pty, of which this process is the session leader and shell."""

    def __init__(self):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        os.set_inheritable(slave, False)
        self.slave = slave
        self.seen = b""

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text):
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self.seen:
            left = deadline - time.monotonic()
            ready = select.select([self.master], [], [], max(left, 0))[0]
            assert ready, f"no {text!r} in {self.seen!r}"
            self.seen += os.read(self.master, 4096)
        self.seen = self.seen.split(text.encode(), 1)[1]

    def start(self, *argv, foreground=True):
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            if foreground:
                os.tcsetpgrp(self.slave, os.getpid())
            for signo in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGINT):
                signal.signal(signo, signal.SIG_DFL)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.execv(argv[0], argv)
        try:
            os.setpgid(pid, pid)
        except PermissionError:
            pass  # it was first, and has executed its program
        if foreground:
            os.tcsetpgrp(self.slave, pid)
        return pid

    def foreground(self, pid):
        os.tcsetpgrp(self.slave, pid)
        os.killpg(pid, signal.SIGCONT)


def wait(pid):
    """How a job changed: ("exit", status), ("signal", number) or ("stop", number)."""
    deadline = time.monotonic() + PATIENCE
    while True:
        got, status = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
        if got:
            break
        assert time.monotonic() < deadline, f"job {pid} goes on"
        time.sleep(0.005)
    if os.WIFSTOPPED(status):
        return "stop", os.WSTOPSIG(status)
    if os.WIFSIGNALED(status):
        return "signal", os.WTERMSIG(status)
    return "exit", os.WEXITSTATUS(status)


def expect(pid, change):
    got = wait(pid)
    assert got == change, f"job {pid}: {got}, not {change}"


# Says its pid, so that it can be looked at, then gives back what is typed.
CAT = ("/bin/sh", "-c", "echo ready=$$=; exec cat")


def ready(terminal):
    terminal.expect("ready=")
    while terminal.seen.count(b"=") < 1:
        terminal.seen += os.read(terminal.master, 100)
    return int(terminal.seen.split(b"=", 1)[0])


def boot():
    subprocess.run([KAMIOKA, "boot", "-n", "booted", "--", "sleep", "1000"], check=True,
                   stdin=subprocess.DEVNULL, timeout=PATIENCE)


def shutdown():
    subprocess.run([KAMIOKA, "shutdown", "-n", "booted"], check=True, timeout=PATIENCE)


RUN = (KAMIOKA, "run", "--")
EXEC = (KAMIOKA, "exec", "-n", "booted", "--")


def ctrl_c(terminal, command):
    job = terminal.start(*command, *CAT)
    ready(terminal)
    terminal.type("\x03")
    expect(job, ("exit", 128 + signal.SIGINT))


def ctrl_c_is_caught(terminal, command):
    job = terminal.start(*command, "/bin/sh", "-c",
                         "trap 'echo caught; exit 9' INT; echo ready=$$=; while :; do read x; done")
    ready(terminal)
    terminal.type("\x03")
    terminal.expect("caught")
    expect(job, ("exit", 9))


def ctrl_z_and_fg(terminal, command):
    job = terminal.start(*command, *CAT)
    program = ready(terminal)
    assert stat_of(program)[2] == job, "PROGRAM is not in the job's group"
    for _ in range(3):
        terminal.type("\x1a")
        expect(job, ("stop", signal.SIGTSTP))
        until("PROGRAM to stop", lambda: stat_of(program)[0] == "T")
        # Its parent, the manager or agent, works on.
        parent = stat_of(program)[1]
        assert stat_of(parent)[0] in "SR" and stat_of(parent)[2] != job
        terminal.foreground(job)
        terminal.type("hello\n")
        terminal.expect("hello\r\nhello\r\n")
    terminal.type("\x04")
    expect(job, ("exit", 0))


def background_read(terminal, command):
    job = terminal.start(*command, *CAT, foreground=False)
    expect(job, ("stop", signal.SIGTTIN))
    program = ready(terminal)
    until("PROGRAM to stop", lambda: stat_of(program)[0] == "T")
    terminal.foreground(job)
    terminal.type("hello\n")
    terminal.expect("hello\r\nhello\r\n")
    terminal.type("\x04")
    expect(job, ("exit", 0))


def terms_are_passed_on(terminal, command):
    job = terminal.start(*command, *CAT)
    ready(terminal)
    os.kill(job, signal.SIGTERM)
    expect(job, ("exit", 128 + signal.SIGTERM))


def hang_up(terminal, command):
    job = terminal.start(*command, *CAT)
    program = ready(terminal)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.close(terminal.master)
    assert wait(job)[0] == "exit"
    until("PROGRAM to end", lambda: stat_of(program)[0] in "XZ")


def in_run(case):
    return lambda terminal: case(terminal, RUN)


def in_exec(case):
    def test(terminal):
        boot()
        case(terminal, EXEC)
        shutdown()
    return test


def front_end_is_killed(terminal):
    """kill -9 of the front end ends the node of `run`, and PROGRAM with it."""
    job = terminal.start(*RUN, *CAT)
    program = ready(terminal)
    os.kill(job, signal.SIGKILL)
    expect(job, ("signal", signal.SIGKILL))
    until("PROGRAM to end", lambda: stat_of(program)[0] in "XZ")


def boot_survives_its_terminal(terminal):
    boot()
    os.tcsetpgrp(terminal.slave, os.getpgrp())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.close(terminal.master)
    info = subprocess.run([KAMIOKA, "info", "-n", "booted"], check=True, timeout=PATIENCE,
                          stdout=subprocess.PIPE)
    assert b"anchor" in info.stdout
    shutdown()


CASES = (ctrl_c, ctrl_c_is_caught, ctrl_z_and_fg, background_read, terms_are_passed_on, hang_up)
TESTS = {f"run_{case.__name__}": in_run(case) for case in CASES}
TESTS.update({f"exec_{case.__name__}": in_exec(case) for case in CASES})
TESTS["front_end_is_killed"] = front_end_is_killed
TESTS["boot_survives_its_terminal"] = boot_survives_its_terminal


def run_in_session(test):
    for signo in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGINT):
        signal.signal(signo, signal.SIG_IGN)
    os.setsid()
    test(Terminal())


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TESTS))
        return 0
    if len(sys.argv) != 2 or sys.argv[1] not in TESTS:
        print(f"usage: {sys.argv[0]} --list | NAME", file=sys.stderr)
        return 2
    # What a killed front end leaves is waited for here, as init would.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    pid = os.fork()
    if pid == 0:
        run_in_session(TESTS[sys.argv[1]])
        return 0
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return status
    print("processes are left", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
