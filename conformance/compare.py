"""Runs two SDKs and this module against a sandbox, and compares what they send and what they make of it.

    compare.py BUILD SDK=PYTHON...      SDK is legacy or current, PYTHON the interpreter of its environment
    compare.py --table                  the table of differences, as doc/reference.md has it

Every call of calls.json gives a line for the SDK and one for the comparison. A difference that is
not in differences.json fails, and so does one in there that was not seen.
"""

import fnmatch
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

from capture import Capture, flatten

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
# Actions of the sandbox whose schemas an SDK can't read; with one of them it has no connector at all.
HIDDEN = {"legacy": {"lab": ["keywords", "unions", "fault"]}, "current": {}}
VERSIONS = dict(line.split() for line in (TOP / "tools/versions").read_text().splitlines() if line[0] != "#")
LABELS = {name: VERSIONS[name + "-sdk"].replace("==", " ") for name in ("legacy", "current")}


class Sandbox:
    """A sandbox server that speaks one dialect; it ends with this process."""

    def __init__(self, build, dialect):
        self.process = subprocess.Popen(
            [build / "bin" / "bosa-sandbox", "--port", "0", "--until-eof", "--dialect", dialect],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = [self.process.stdout.readline().split() for _ in range(4)]
        self.url, self.key, self.token = said[0][-1], said[1][-1], said[2][-1]
        self.user, self.secret = said[3][-2:]

    def reset(self):
        urllib.request.urlopen(urllib.request.Request(self.url + "/_sandbox/reset", method="POST")).read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run_client(command, sandbox, dialect, hidden):
    """Has a client make the calls; gives {step: (passed, result or message, requests)}."""
    sandbox.reset()
    capture = Capture(sandbox.url, hidden)
    environment = dict(
        os.environ, BOSA_API_BASE_URL=capture.url, BOSA_API_KEY=sandbox.key, CONFORMANCE_TOKEN=sandbox.token,
        CONFORMANCE_USER=sandbox.user, CONFORMANCE_SECRET=sandbox.secret, NO_PROXY="127.0.0.1")
    environment.pop("BOSA_TOKEN", None)
    client = subprocess.Popen(
        [*command, HERE / "calls.json", dialect], env=environment, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    steps, step = {}, None
    for line in client.stdout:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "step":
            step = rest
            capture.take()
            client.stdin.write("\n")
            client.stdin.flush()
        elif step is not None and word in ("ok", "failed"):
            steps[step] = (word == "ok", rest, capture.take())
    client.stdin.close()
    status = client.wait()
    capture.shutdown()
    if status != 0:
        print(f"FAILED  a client ended with status {status}")
    return steps, status


class Differences:
    """What is meant to differ, and what of it was seen."""

    def __init__(self):
        self.rules = json.loads((HERE / "differences.json").read_text(encoding="utf-8"))
        self.seen = set()

    def meant(self, sdk, step, field, theirs, ours):
        for match in self.matches():
            if (match.get("sdk", sdk) == sdk
                    and any(fnmatch.fnmatchcase(step, one) for one in match["calls"])
                    and fnmatch.fnmatchcase(field, match["field"])
                    and match["reference"] in ("*", theirs) and match["ours"] in ("*", ours)):
                self.seen.add((id(match), sdk))
                return True
        return False

    def matches(self):
        return (match for rule in self.rules for match in rule["matches"])

    def unseen(self, sdks):
        for match in self.matches():
            for sdk in sdks:
                if match.get("sdk", sdk) == sdk and (id(match), sdk) not in self.seen:
                    yield match, sdk

    def table(self):
        lines = ["| what | the SDK | bosa | why |", "|---|---|---|---|"]
        for rule in self.rules:
            lines.append("| {call} | {reference} | {ours} | {reason} |".format(**rule))
        return "\n".join(lines)


def unlike(theirs, ours):
    """The fields in which two flat dictionaries differ."""
    for field in sorted(theirs.keys() | ours.keys()):
        if theirs.get(field) != ours.get(field):
            yield field, theirs.get(field), ours.get(field)


def compare_step(differences, sdk, step, theirs, ours, echo):
    """The differences of one call that are not meant."""
    requests, extra = [list(theirs[2]), list(ours[2])], []
    # What only one side asks, such as which dialect this is, is set aside before the rest is paired.
    for side in (0, 1):
        for form in list(requests[side]):
            asked = f"{form['method']} {form['path']}"
            pair = (asked, None) if side == 0 else (None, asked)
            if len(requests[side]) > len(requests[1 - side]) and differences.meant(sdk, step, "request", *pair):
                requests[side].remove(form)
    if len(requests[0]) != len(requests[1]):
        shown = [", ".join(f"{f['method']} {f['path']}" for f in side) or "nothing" for side in requests]
        return [] if differences.meant(sdk, step, "requests", *shown) else [("requests", *shown)]
    for their_form, our_form in zip(*requests):
        extra += unlike(their_form, our_form)
    extra += unlike(outcome(theirs, echo), outcome(ours, echo))
    return [one for one in extra if not differences.meant(sdk, step, *one)]


def outcome(step, echo):
    """What the caller gets, flat; of a failure, or of an echo of the request, only that it is one."""
    flat = {"outcome": "ok" if step[0] else "failed"}
    if step[0] and not echo:
        flatten(json.loads(step[1]), "result", flat)
    return flat


def check_sdk(build, sdk, python, differences, count):
    """Runs an SDK and this module against the sandbox of the SDK's dialect and compares them."""
    lua = ["tools/on-vm.sh", "lua5.4", "@lua", str(HERE / "ours.lua")]
    sandbox = Sandbox(build, sdk)
    theirs, their_status = run_client([python, HERE / "sdk.py"], sandbox, sdk, HIDDEN[sdk])
    ours, our_status = run_client(lua, sandbox, sdk, {})
    sandbox.close()
    calls = json.loads((HERE / "calls.json").read_text(encoding="utf-8"))
    expected = [call for call in calls if call.get("only", sdk) == sdk]
    print(f"== {LABELS[sdk]} against the sandbox")
    for connector, actions in HIDDEN[sdk].items():
        print(f"note    it can't read the schemas of {connector}: {', '.join(actions)}; they are kept from it")
    for call in expected:
        passed, detail, _ = theirs.get(call["name"], (False, "not reached", []))
        right = call["name"] in theirs and passed != call.get("refused", False)
        print(f"{'ok     ' if right else 'FAILED '} {call['name']}" + ("" if passed else f": {detail[:120]}"))
        count(right)
    print(f"== {LABELS[sdk]} and ours, request by request")
    for call in expected:
        name = call["name"]
        if name not in theirs or name not in ours:
            print(f"FAILED  {name}: not reached")
            count(False)
            continue
        found = compare_step(differences, sdk, name, theirs[name], ours[name],
                             call.get("action", "").startswith("echo"))
        print(f"{'FAILED ' if found else 'ok     '} {name}")
        for field, their_value, our_value in found:
            print(f"          {field}: reference {their_value!r}, ours {our_value!r}")
        if found and not ours[name][0]:
            print(f"          ours said: {ours[name][1]}")
        count(not found)
    if their_status or our_status:
        count(False)


def main():
    differences = Differences()
    if sys.argv[1:] == ["--table"]:
        print(differences.table())
        return 0
    os.chdir(TOP)
    counts = {True: 0, False: 0}

    def count(passed):
        counts[passed] += 1

    sdks = dict(word.split("=", 1) for word in sys.argv[2:])
    for sdk, python in sdks.items():
        check_sdk(TOP / sys.argv[1], sdk, python, differences, count)
    print("== The differences that are meant")
    for match, sdk in differences.unseen(list(sdks)):
        print(f"FAILED  never seen with {LABELS[sdk]}: {match}")
        count(False)
    shown = differences.table() in (TOP / "doc/reference.md").read_text(encoding="utf-8")
    print(f"{'ok     ' if shown else 'FAILED '} doc/reference.md shows them (compare.py --table)")
    count(shown)
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] else 0


sys.exit(main())
