# SPDX-License-Identifier: Apache-2.0
"""Which tests there are: read from the build's manifest, asked of the programs, copied for
another user. Runs nothing but `PROGRAM --list`."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

KINDS = ("check", "unit", "system", "fuzz")
LIMIT = {"check": 60, "unit": 60, "replay": 60, "system": 30, "fuzz": 120}
# A sanitizer's program is that much slower, at most.
SANITIZED = 4


@dataclasses.dataclass
class Test:
    name: str
    kind: str
    argv: list
    env: dict
    limit: float
    flags: frozenset  # serial, slow, soak, threads, as the test says itself
    cwd: str = None  # the private directory, if not said
    user: int = None

    def title(self):
        return self.name if self.user is None else f"{self.name} as uid {self.user}"


class Broken(Exception):
    """A test program that cannot even list its cases."""


def read_manifest(build):
    """The lines, and the sanitizers of the build."""
    lines, sanitize = [], "none"
    with open(os.path.join(build, "manifest"), encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if words and words[0] == "sanitize":
                sanitize = words[1]
            elif words:
                lines.append((words[0], words[1], words[2], words[3:]))
    return lines, sanitize


def _options(words, kind, factor):
    limit, flags = LIMIT[kind], set()
    for word in words:
        if word.startswith("limit="):
            limit = float(word[6:])
        elif word.startswith("env="):
            pass
        else:
            flags.add(word)
    return limit * factor, frozenset(flags)


def _environment(source, build, sanitize):
    """What a system test sees: nothing of the caller's but PATH, the compiler and options
    of sanitizers. The private directory's names are added for each case."""
    env = {"LANG": "C.UTF-8", "TERM": "dumb", "SHELL": "/bin/sh",
           "PATH": os.environ.get("PATH", os.defpath),
           "KAMIOKA_SOURCE": source, "KAMIOKA_BUILD": build,
           "KAMIOKA_BIN": os.path.join(build, "bin")}
    for name in ("CC", "KAMIOKA_SEEDS", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
                 "TSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    if sanitize != "none":
        # A program that links a sanitized library brings the sanitizer's runtime.
        env["KAMCC_CC"] = f"{env.get('CC', 'gcc')} -fsanitize={sanitize}"
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    return env


def _cases(program, env):
    try:
        done = subprocess.run([program, "--list"], env=env, capture_output=True, text=True,
                              timeout=30, check=True, stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise Broken(f"{program} --list: {error}\n{error.stderr}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise Broken(f"{program} --list: {error}") from error
    return [line.split() for line in done.stdout.splitlines() if line.strip()]


def collect(source, build):
    """All tests of a build folder; then what went wrong while asking, as (name, why)."""
    lines, sanitize = read_manifest(build)
    factor = 1 if sanitize == "none" else SANITIZED
    private = _environment(source, build, sanitize)
    open_env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    open_env["BUILD"] = build
    tests, broken = [], []
    for kind, name, path, words in lines:
        if sanitize != "none" and "plain" in words:
            continue
        if path.startswith("source:"):
            program = os.path.join(source, path[len("source:"):])
        else:
            program = os.path.join(source if kind == "check" else build, path)
        limit, flags = _options(words, kind, factor)
        if kind == "check":
            tests.append(Test(name, kind, [program], open_env, limit, flags, cwd=source))
        elif kind == "unit":
            env = dict(private, CMOCKA_MESSAGE_OUTPUT="TAP")
            tests.append(Test(name, kind, [program], env, limit, flags))
        elif kind == "fuzz":
            tests.append(Test(name, kind, [program], private, limit, flags))
        elif kind == "replay":
            argv = [program] + [str(path) for folder in _seeds(program, source)
                                for path in sorted(folder.iterdir())]
            tests.append(Test(name, "unit", argv, private, limit, flags))
        else:
            # The same program once more with env=NAME=VALUE: other tests, by their name too.
            more = [word[4:] for word in words if word.startswith("env=")]
            env = dict(private, **dict(word.split("=", 1) for word in more))
            try:
                for case in _cases(program, env):
                    limit, flags = _options(words + case[1:], kind, factor)
                    tests.append(Test(" ".join([case[0]] + more), kind, [program, case[0]], env,
                                      limit, flags))
            except Broken as error:
                broken.append((name, str(error)))
    names = [test.name for test in tests]
    for name in sorted({name for name in names if names.count(name) > 1}):
        broken.append((name, "there are two tests of this name"))
    return tests, broken


def _seeds(program, source):
    """Folders: what is kept in the sources, and what the build has made."""
    name = pathlib.Path(program).name
    folders = [pathlib.Path(source, "fuzz", "seeds", name), pathlib.Path(program + ".seeds")]
    return [folder for folder in folders if folder.is_dir()]


def fuzz_arguments(test, source, seconds):
    """How long, and where it starts from: what it has found before, and the seeds."""
    program = pathlib.Path(test.argv[0])
    found = program.parent / "corpus" / program.name
    crashes = program.parent / "crashes" / program.name
    for directory in (found, crashes):
        directory.mkdir(parents=True, exist_ok=True)
    argv = [str(program), f"-max_total_time={seconds}", "-timeout=20", "-print_final_stats=1",
            f"-artifact_prefix={crashes}/", str(found)]
    return argv + [str(folder) for folder in _seeds(str(program), source)]


def for_user(tests, uid, source, build, place):
    """The same system tests for another user, from a copy that this user can read: the build
    may lie where it cannot look."""
    new_source, new_build = os.path.join(place, "source"), os.path.join(place, "build")
    skip = shutil.ignore_patterns("*.p", "__pycache__", "*.a")
    for old, new, parts in ((source, new_source, ("tests", "examples")),
                            (build, new_build, ("bin", "libexec", "lib", "include", "tests"))):
        for part in parts:
            if os.path.isdir(os.path.join(old, part)):
                shutil.copytree(os.path.join(old, part), os.path.join(new, part), ignore=skip)
    for directory, _, files in os.walk(place):
        os.chmod(directory, 0o755)
        for name in files:
            path = os.path.join(directory, name)
            os.chmod(path, 0o755 if os.access(path, os.X_OK) else 0o644)

    def moved(text):
        for old, new in ((build, new_build), (source, new_source)):
            if text == old or text.startswith(old + "/"):
                return new + text[len(old):]
        return text

    result = []
    for test in tests:
        if test.kind == "system":
            env = {k: moved(v) for k, v in test.env.items()}
            env["PATH"] = "/usr/local/bin:/usr/bin:/bin"
            argv = [moved(test.argv[0])] + test.argv[1:]
            result.append(dataclasses.replace(test, argv=argv, env=env, user=uid))
    return result
