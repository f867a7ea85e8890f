# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of processes, and the few system calls Python has no name for."""

import ctypes
import os
import select
import signal
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, value):
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _stat(pid):
    """Name, state and parent; None if the process has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            text = f.read()
    except OSError:
        return None
    end = text.rindex(")")  # the name may hold anything, brackets too
    fields = text[end + 2:].split()
    return text[text.index("(") + 1:end], fields[0], int(fields[1])


def descendants(root):
    """{pid: (name, state, ppid)} of all that descend from root, zombies included."""
    table = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat:
                table[int(entry)] = stat
    found = {}
    layer = {root}
    while layer:
        layer = {pid for pid, stat in table.items() if stat[2] in layer and pid not in found}
        found.update((pid, table[pid]) for pid in layer)
    return found


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().replace("\0", " ").strip()
    except OSError:
        return ""


def describe(pid, stat):
    """One line about a process that should not be there, or does not end."""
    name, state, ppid = stat
    command = _read(f"/proc/{pid}/cmdline")[:160] or f"({name})"
    text = f"{pid} (parent {ppid}) {'zombie' if state == 'Z' else state} {command}"
    if state in "SD":
        call = _read(f"/proc/{pid}/syscall").split(" ")[0]
        text += f" [wchan {_read(f'/proc/{pid}/wchan')}, syscall {call}]"
    return text


def reap():
    """Collects dead children. False once there are no children at all, dead or alive."""
    while True:
        try:
            if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG) is None:
                return True
        except ChildProcessError:
            return False


def wait_for_none(root, seconds):
    """Lets descendants end by themselves. The caller is a subreaper: what it has no child
    of, it has no descendant of."""
    deadline = time.monotonic() + seconds
    while reap():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        poll = select.poll()
        fds = []
        for pid, stat in descendants(root).items():
            if stat[2] == root:
                fds.append(os.pidfd_open(pid))
                poll.register(fds[-1], select.POLLIN)
        try:
            poll.poll(left * 1000)
        finally:
            for fd in fds:
                os.close(fd)
    return True


def kill_all(root):
    """Ends every descendant. What is killed may leave orphans: again, until none is left."""
    deadline = time.monotonic() + 10
    while reap() and time.monotonic() < deadline:
        for pid in descendants(root):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # gone meanwhile, or not ours to kill; the deadline answers for that
        wait_for_none(root, 0.2)
    return descendants(root)
