#!/usr/bin/env python3
"""mutants.py [COUNT] [SEED]: would the tests notice? Changes one place of csrc at a time and runs them.

Works on a copy of the tree in build/mutants. A mutant is a line of csrc/core or csrc/lua with one comparison or operator
turned, one statement dropped, or one constant changed; SEED (1) says which COUNT (100) of them are tried. For each, the C
tests whose programs have the file in them run, then a quick subset of the specs on Lua 5.4 (for the binding on LuaJIT,
too), until one fails: it is killed. One that survives is either a gap in the tests or equivalent, which
tools/mutants.txt lists, a line each:

    path | the line as it is | the line as it becomes | why nothing can tell

Ends with 0 when at least 95 of 100 mutants, without equivalents and those that don't compile, are killed.
"""
import os
import random
import re
import shutil
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(TOP, "build", "mutants")
EQUIVALENTS = os.path.join(TOP, "tools", "mutants.txt")
GOAL = 0.95
BUILD_SECONDS = 600
TEST_SECONDS = 120  # of one program or spec file; a mutant that hangs is killed by it
SLOW = {"schema_suite", "schema_real", "test_session"}  # programs that run last, or need arguments
SPECS = ["api", "action", "response", "files", "file_targets", "uploads", "validation", "errors", "retry", "json",
         "nulls", "numbers", "parallel", "events", "users", "discovery", "snapshot", "transport", "failures", "cache",
         "testing", "advice", "hooks", "call_tool", "tools_lean", "watch", "state"]
ON_LUAJIT = ["numbers", "json", "contract", "proxy"]  # of the binding, whose numbers differ there, and in nginx

SWAPS = [("==", "!="), ("!=", "=="), ("<=", "<"), (">=", ">"), (" < ", " <= "), (" > ", " >= "), ("&&", "||"),
         ("||", "&&"), (" + ", " - "), (" - ", " + "), ("true", "false"), ("false", "true"), ("++", "--")]
STATEMENT = re.compile(r"^\s+(?:\(void\))?[a-z_]+(?:(?:->|\.)[a-z_]+|\[[^]]*\])*(?:\(.*\)| [-+|&^*]?= .*);$")
NUMBER = re.compile(r"(?<![\w.\"'])(\d+)(?![\w.\"'])")


def run(command, seconds, **more):
    """Runs a command in a group of its own, which ends with it: its exit code, None when it hung."""
    process = subprocess.Popen(command, cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL, start_new_session=True, **more)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def output(*command):
    return subprocess.run(command, cwd=WORK, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def code_lines(path):
    """Numbers and texts of the lines that are code: no comment, no directive, no declaration at the left edge."""
    comment = False
    with open(os.path.join(WORK, path), encoding="utf-8") as file:
        for number, line in enumerate(file):
            text = line.rstrip("\n")
            inside = comment
            comment = ("/*" in text or comment) and "*/" not in text.split("/*")[-1]
            if inside or comment or not text.startswith(" ") or text.strip().startswith(("/*", "*", "#")):
                continue
            yield number, text


def outside_strings(text, at):
    return text[:at].count('"') % 2 == 0 and "/*" not in text[:at]


def mutations(text):
    """What a line can become."""
    for old, new in SWAPS:
        at = text.find(old)
        if at >= 0 and outside_strings(text, at) and text[at:at + 3] not in ("<<=", ">>="):
            yield text[:at] + new + text[at + len(old):]
    for match in NUMBER.finditer(text):
        if outside_strings(text, match.start()) and "case " not in text:
            yield text[:match.start()] + str(int(match[1]) + 1) + text[match.end():]
    if STATEMENT.match(text):
        yield text[:len(text) - len(text.lstrip())] + ";"


def copy_tree():
    shutil.rmtree(WORK, ignore_errors=True)
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, stdout=subprocess.PIPE, text=True,
                           check=True)
    for name in names.stdout.splitlines():
        source = os.path.join(TOP, name)
        if os.path.isfile(source):
            target = os.path.join(WORK, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)


def programs():
    """The C tests with the names that each of them has in it."""
    found = {}
    for name in sorted(os.listdir(os.path.join(WORK, "spec", "c"))):
        program = os.path.join("build", "spec", "c", name[:-2])
        if re.match(r"(test|schema)_\w+\.c$", name) and os.path.exists(os.path.join(WORK, program)):
            found[name[:-2]] = set(re.findall(r" [Tt] (\w+)$", output("nm", program), re.M))
    return found


def tests_of(path, found):
    """The programs that have a file's functions in them, the one named after it first."""
    stem = os.path.basename(path)[:-2]
    if path.startswith("csrc/lua/"):
        return ["test_session"]
    own = set(re.findall(r" T (\w+)$", output("nm", os.path.join("build", path[:-2] + ".o")), re.M))
    names = [name for name, symbols in found.items() if own & symbols and not name.startswith("schema_")]
    return sorted(names, key=lambda name: (name in SLOW, name != "test_" + stem, stem.split("_")[0] not in name, name))


def verdict(path, found):
    """What becomes of the mutant that is in place: the test that killed it, "" (survived), or None: no program."""
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", BOSA_SANDBOX="build/bin/bosa-sandbox")
    tests = tests_of(path, found)
    goals = ["build/spec/c/" + name for name in tests if name not in SLOW]
    if run(["make", "-j2", "build"] + goals, BUILD_SECONDS) != 0:
        return None
    for name in tests:
        if name in SLOW and run(["make", "build/spec/c/" + name], BUILD_SECONDS) != 0:
            return None
        if run(["build/spec/c/" + name], TEST_SECONDS, env=environment) != 0:
            return name
    on_luajit = ON_LUAJIT if path.startswith("csrc/lua/") else []
    for vm, name in [("lua5.4", name) for name in SPECS] + [("luajit", name) for name in on_luajit]:
        environment["VMS"], environment["ONLY"] = vm, "spec/%s_spec" % name
        if os.path.exists(os.path.join(WORK, "spec", name + "_spec.lua")):
            if run(["tools/test.sh", "lua"], TEST_SECONDS, env=environment) != 0:
                return name + "_spec"
    return ""


def read_equivalents():
    if not os.path.exists(EQUIVALENTS):
        return set()
    with open(EQUIVALENTS, encoding="utf-8") as file:
        parts = [[part.strip() for part in line.split(" | ")] for line in file if not line.startswith("#")]
    return {tuple(part[:3]) for part in parts if len(part) >= 3}


def every_mutant():
    equivalents = read_equivalents()
    for room in ["csrc/lua"] + sorted("csrc/core/" + name for name in os.listdir(os.path.join(WORK, "csrc", "core"))):
        for name in sorted(os.listdir(os.path.join(WORK, room))):
            if not name.endswith(".c") or "kqueue" in name:
                continue
            path = room + "/" + name
            for number, text in code_lines(path):
                for changed in mutations(text):
                    if (path, text.strip(), changed.strip()) not in equivalents:
                        yield path, number, text, changed


def try_mutant(path, number, changed, found):
    full = os.path.join(WORK, path)
    with open(full, encoding="utf-8") as file:
        before = file.read()
    lines = before.split("\n")
    lines[number] = changed
    try:
        with open(full, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        return verdict(path, found)
    finally:
        with open(full, "w", encoding="utf-8") as file:
            file.write(before)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    os.environ["CFLAGS"] = "-O1"
    os.environ.pop("BUILD", None)
    print("== Building a copy in build/mutants", flush=True)
    copy_tree()
    if run(["make", "-j2", "build", "spec-programs"], 3 * BUILD_SECONDS) != 0:
        sys.exit("the copy can't be built")
    found = programs()
    mutants = list(every_mutant())
    chosen = random.Random(seed).sample(mutants, min(count, len(mutants)))
    print("== Trying %d of %d mutants (seed %d)" % (len(chosen), len(mutants), seed), flush=True)
    killed = survived = 0
    for path, number, text, changed in chosen:
        by = try_mutant(path, number, changed, found)
        killed, survived = killed + bool(by), survived + (by == "")
        print("  %-9s %s:%d%s" % ("survived" if by == "" else "no build" if by is None else "killed", path, number + 1,
                                  "  by " + by if by else ""), flush=True)
        if by == "":
            print("      - %s\n      + %s" % (text.strip(), changed.strip()), flush=True)
    print("%d killed, %d survived, %d not compiled" % (killed, survived, len(chosen) - killed - survived))
    sys.exit(0 if killed >= GOAL * (killed + survived) else 1)


main()
