#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An honest and a leaking emulated array in the laboratory: the kernel's own TCP/IP carries what the
actors say, the mirror port is captured, and the run must find every leak of the one and nothing of
the other; killed, it leaves nothing behind; without the right to make networks it says so."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

program = os.environ["ARRAYBENCH"]
root = pathlib.Path(__file__).resolve().parents[2]
scratch = pathlib.Path(tempfile.mkdtemp(prefix="egress-lab-"))


def plan_file(name, **changes):
    plan = json.loads((root / "profiles/plans/egress-demo.json").read_text())
    for thing in plan["arrays"] + plan["workloads"]:
        thing["file"] = str((root / "profiles/plans" / thing["file"]).resolve())
    plan.update(changes)
    path = scratch / (name + ".json")
    path.write_text(json.dumps(plan))
    return path


def run(plan, out, before=()):
    return subprocess.run([*before, program, "run", str(plan), "--out", str(scratch / out), "--progress", "none"],
                          capture_output=True, text=True, timeout=300)


def expect(fact, what):
    if not fact:
        print("FAILED:", what)
        sys.exit(1)


def result(out):
    return json.loads((scratch / out / "result.json").read_text())


def findings(record, array):
    return [one for one in record["findings"]
            if one["area"] == "egress" and one["array"] == array and one["severity"] == "finding"]


def verdict(record, array):
    return next(one for one in record["verdicts"]
                if one["array"] == array and one["limit"].startswith("egress"))


def check_found(record):
    expect(findings(record, "talking") == [], f"the honest array is silent: {findings(record, 'talking')}")
    found = findings(record, "talking-leaking")
    told = [(one["kind"], one["summary"]) for one in found]
    # Each actor by the address, port or name that only it uses, or by its own detector.
    for what, tokens in {
            "beacon": ("203.0.113.66:4444",), "slow drip": ("203.0.113.66:8080",),
            "burst after ingest": ("203.0.113.66:9001",), "DNS tunnel": ("cdn-metrics.example",),
            "ICMP tunnel": ("203.0.113.66", "icmp"), "canary leak": ("203.0.113.66:8443",),
            "IPv6 side path": ("2001:db8:bad::66",), "data-port SYN": ("203.0.113.66:6667",),
            "hidden in call-home": ("call-home",)}.items():
        expect(any(all(token in summary for token in tokens) for _, summary in told), f"{what} is found in {told}")
    kinds = {kind for kind, _ in told}
    for kind in ("beacon", "DNS tunnel", "ICMP tunnel", "data port calls out", "unlisted flow", "budget exceeded"):
        expect(kind in kinds, f"\"{kind}\" among {kinds}")
    canaries = [one for one in found if one["kind"] == "canary"]
    expect(any("203.0.113.66:8443" in one["summary"] and one["details"]["encoding"] == "base64" and
               "talking-leaking" in one["details"].get("LUN", "") for one in canaries),
           f"the leaked block is named with its LUN and address: {[one['summary'] for one in canaries]}")
    for one in found:
        if one["cutout"]:
            path = scratch / "demo" / one["cutout"]
            expect(path.stat().st_size > 24, f"frames in {path}")


def check_books(record):
    for array in ("talking", "talking-leaking"):
        rows = [one for one in record["egress"] if one["array"] == array]
        whole = next(one for one in rows if one["phase"] == "")
        total = whole["allowed_bytes"] + whole["unlisted_bytes"] + whole["undecoded_bytes"]
        expect(total == whole["captured_bytes"] > 0, f"the books of {array} balance")
        expect(sum(one["captured_bytes"] for one in rows if one["phase"]) == whole["captured_bytes"],
               f"the phases of {array} add up")
        expect(any(one["phase"] == "load" for one in rows), "the load is a phase of its own")
        expect(whole["unreadable_bytes"] > 0, "call-home is allowed but unreadable")
        expect("marker frames" in whole["smallest_seen"]["Capture"], "losses are told with their interval")
        expect("found" in whole["smallest_seen"]["Canaries"], "the canary search has proved itself")
        ports = next(one for one in record["arrays"] if one["name"] == array)["ports"]
        expect(all("mirror" in port["watched_by"] for port in ports), "every port is watched")


def check_demo():
    done = run(plan_file("demo", rounds=10), "demo")
    expect(done.returncode == 1, f"exit code {done.returncode}: {done.stderr[-2000:]}")
    record = result("demo")
    check_found(record)
    check_books(record)
    expect(verdict(record, "talking-leaking")["outcome"] == "fail", "the leaking array fails")
    honest = verdict(record, "talking")
    expect(honest["outcome"] in ("pass", "not measured", "not_measured"), f"the honest array: {honest}")
    if honest["outcome"] != "pass":
        expect(honest["reason"], "what was not measured has a reason")
        print("note:", honest["reason"])
    outside = (scratch / "demo/egress/outside.tsv").read_text()
    for said in ("DNS", "NTP", "HTTPS", "server name support.lab-array.example", "syslog", "SNMP", "ICMP", "TCP"):
        expect(said in outside, f"{said} was heard outside")


def check_nothing_demanded():
    plan = plan_file("undemanded", rounds=5, egress={"demand": "nothing", "before": "3s", "after": "1s"},
                     metrics=[{"measure": "rate", "margin": "50%"}])
    done = run(plan, "undemanded")
    record = result("undemanded")
    expect(done.returncode == 0, f"nothing is demanded: exit code {done.returncode}: {done.stdout[-1500:]}")
    expect(any(one["area"] == "egress" for one in record["findings"]), "but told")


def triggered_array():
    """Leaks that wait: each for another cue, each to an address or port of its own."""
    array = json.loads((root / "profiles/arrays/talking.json").read_text())
    array["name"] = "waiting"
    array["emulated"]["egress"] = [
        {"kind": "beacon", "parameters": {"period": "300ms", "trigger": {"on": "failover"}}},
        {"kind": "beacon", "parameters": {"period": "300ms", "port": 4445, "trigger": {"on": "update"}}},
        {"kind": "beacon", "parameters": {"period": "300ms", "port": 4446,
                                          "trigger": {"on": "magic_block", "lba": 65536, "lasts": "20s"}}},
        {"kind": "beacon", "parameters": {"period": "300ms", "port": 4447,
                                          "trigger": {"on": "magic_block", "lba": 33000000}}},
        {"kind": "icmp_tunnel", "parameters": {"remote": "198.51.100.201", "period": "200ms",
                                               "trigger": {"on": "keyword", "keyword": "aBstamp1"}}},
        {"kind": "canary_leak", "parameters": {"period": "500ms", "encoding": "zstd", "port": 8500,
                                               "trigger": {"on": "time", "after": "4s"}}},
        {"kind": "icmp_tunnel", "parameters": {"remote": "198.51.100.200", "period": "200ms",
                                               "trigger": {"on": "keyword", "keyword": "written by nobody"}}}]
    (scratch / "waiting.json").write_text(json.dumps(array))


def open_stamps(workload):
    """The workload with data that compress so well that stamps stand in the open, for an array to read."""
    changed = json.loads(pathlib.Path(workload).read_text())
    changed["data_reduction"] = {"compressible": 0.9}
    path = scratch / "open-stamps.json"
    path.write_text(json.dumps(changed))
    return str(path)


def disturbed(name, **parameters):
    return {"phase": "disturb", "duration": "2s", "disturbance": {"name": name, "parameters": parameters}}


def check_triggers():
    triggered_array()
    policies = {"waiting": str(root / "profiles/policies/lab-array.json")}
    changes = {"arrays": [{"name": "waiting", "file": str(scratch / "waiting.json")}], "rounds": 1,
               "egress": {"before": "1s", "after": "4s", "policies": policies}, "metrics": [{"measure": "rate"}],
               "phases": [{"phase": "load", "duration": "3s"},
                          disturbed("failover", controller=0, transition="200ms", duration="1s"),
                          {"phase": "settle", "duration": "1s"}, disturbed("update"),
                          disturbed("support_visit")]}
    plan = plan_file("triggers", **changes)
    text = json.loads(plan.read_text())
    del text["duration"]
    for workload in text["workloads"]:
        workload["file"] = open_stamps(workload["file"])
    plan.write_text(json.dumps(text))
    done = run(plan, "triggers")
    expect((scratch / "triggers/result.json").exists(), f"a result: {done.stderr[-1500:]}")
    record = result("triggers")
    told = [(one["kind"], one["summary"], one["phase"]) for one in findings(record, "waiting")]

    def phases_of(token):
        return {phase for kind, summary, phase in told if token in summary and kind == "unlisted flow"}

    expect(phases_of("203.0.113.66:4444") == {"failover"}, f"the failover woke the beacon, and not before: {told}")
    expect(phases_of("203.0.113.66:4445") == {"update"}, f"the update woke another: {told}")
    expect(phases_of("203.0.113.66:4446"), f"the magic block was written: {told}")
    expect(not phases_of("203.0.113.66:4447"), f"another block was not: {told}")
    expect(any("198.51.100.201" in summary for _, summary, _ in told), f"the word was written: {told}")
    expect(any(kind == "canary" and "zstd" in summary for kind, summary, _ in told), f"the packed block is found: {told}")
    expect(not any("198.51.100.200" in summary for _, summary, _ in told), "who waits for a word stays silent")
    phases = {one["phase"] for one in record["egress"] if one["watched_ns"] > 0}
    expect({"quiet before", "load", "failover", "settle", "update", "support_visit", "quiet after"} <= phases,
           f"what happens inside a round is a phase: {phases}")


def check_resumed():
    plan = plan_file("halves", rounds=6)
    out = scratch / "halves"
    child = subprocess.Popen([program, "run", str(plan), "--out", str(out), "--progress", "none"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = out / "events.ndjson"
    limit = time.monotonic() + 90
    while time.monotonic() < limit and not (journal.exists() and journal.read_text().count("round finished") >= 6):
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    expect(child.wait(60) == 6, "the first part was interrupted")
    first = result("halves")
    done = subprocess.run([program, "run", "--resume", str(out), "--progress", "none"], capture_output=True, text=True,
                          timeout=300)
    expect(done.returncode == 1, f"the whole: exit code {done.returncode}: {done.stderr[-1500:]}")
    second = result("halves")
    for array in ("talking", "talking-leaking"):
        whole = [next(one for one in record["egress"] if one["array"] == array and one["phase"] == "")
                 for record in (first, second)]
        expect(whole[1]["captured_bytes"] > whole[0]["captured_bytes"] > 0, f"both parts count: {whole}")
        expect(whole[1]["watched_ns"] > whole[0]["watched_ns"] + 5_000_000_000, "the time of both")
        expect("interrupt" not in whole[1]["not_measured"], f"nothing is missing: {whole[1]['not_measured']}")
        parts = [one for one in second["egress"] if one["array"] == array and one["phase"]]
        expect(sum(one["captured_bytes"] for one in parts) == whole[1]["captured_bytes"], "the phases add up")
    expect(len(findings(second, "talking-leaking")) > len(findings(first, "talking-leaking")) > 0, "findings of both")
    key = out / "canary-key.json"
    expect(key.exists() and key.stat().st_mode & 0o077 == 0, "the key is kept, and for its owner only")


def inside(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""


def check_killed():
    before = {inside(pid) for pid in os.listdir("/proc") if pid.isdigit()}
    plan = plan_file("killed", rounds=5, metrics=[{"measure": "rate", "margin": "50%"}],
                     duration="600ms", egress={"before": "1s", "after": "1s"})
    child = subprocess.Popen([program, "run", str(plan), "--out", str(scratch / "killed"), "--progress", "none"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    networks = set()
    limit = time.monotonic() + 60
    while len(networks) < 3 and time.monotonic() < limit:  # The bench's and one for each array.
        time.sleep(0.1)
        networks = {inside(pid) for pid in os.listdir("/proc") if pid.isdigit()} - before - {""}
    expect(len(networks) >= 3, f"the laboratory is there: {networks}")
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    limit = time.monotonic() + 20
    left = networks
    while left and time.monotonic() < limit:
        left = {inside(pid) for pid in os.listdir("/proc") if pid.isdigit()} & networks
    expect(not left, f"nobody is left in {left}")
    links = subprocess.run(["ip", "link"], capture_output=True, text=True).stdout
    expect("p-init" not in links and "init0" not in links, "no link is left on the host")
    subprocess.run([program, "run", "--resume", str(scratch / "killed"), "--progress", "none"], capture_output=True,
                   timeout=300, check=False)
    record = result("killed")
    for array in ("talking", "talking-leaking"):
        whole = next(one for one in record["egress"] if one["array"] == array and one["phase"] == "")
        expect("1 earlier part of this run ended without" in whole["not_measured"], f"what was lost is said: {whole}")
    expect("1 earlier part" in verdict(record, "talking")["reason"] and verdict(record, "talking")["outcome"] != "pass",
           f"silence is not claimed: {verdict(record, 'talking')}")


def check_without_rights():
    plan = plan_file("poor", rounds=5, metrics=[{"measure": "rate", "margin": "50%"}])
    forbidden = ["unshare", "-U", "-r", "sh", "-c", 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"', "sh"]
    probe = subprocess.run([*forbidden, "true"], capture_output=True)
    if probe.returncode != 0:
        print("note: cannot forbid networks here")
        return
    done = run(plan, "poor", before=forbidden)
    expect(done.returncode == 7, f"demanded but not measured: exit code {done.returncode}: {done.stderr[-1000:]}")
    record = result("poor")
    expect(all(one["not_measured"] for one in record["egress"]) and record["egress"], "each array says why")
    expect(all(port["watched_by"] == "" for array in record["arrays"] for port in array["ports"]), "no port is watched")


def check_without_root():
    """As an ordinary user the program makes itself the root of a user namespace, where the host allows that."""
    if os.geteuid() != 0 or shutil.which("runuser") is None:
        return
    user = ["runuser", "-u", "nobody", "--"]
    plan = plan_file("ordinary", rounds=5, metrics=[{"measure": "rate", "margin": "50%"}])
    for path in [scratch, *scratch.iterdir()]:
        path.chmod(0o777)
    if subprocess.run([*user, program, "--help"], capture_output=True, check=False).returncode != 0:
        print("note: the program cannot be run by another user from where it lies")
        return
    done = run(plan, "ordinary", before=user)
    expect((scratch / "ordinary/result.json").exists(), f"a result: {done.stderr[-1500:]}")
    record = result("ordinary")
    may = subprocess.run([*user, "unshare", "-U", "-r", "-n", "true"], capture_output=True, check=False).returncode == 0
    if may:
        expect(findings(record, "talking-leaking"), "the leaks are found without root")
        expect(all("mirror" in port["watched_by"] for array in record["arrays"] for port in array["ports"]), "watched")
    else:
        expect(all("no laboratory" in one["not_measured"] for one in record["egress"]), "each array says why")
        expect(done.returncode == 7, f"not measured: exit code {done.returncode}")


def main():
    allowed = subprocess.run(["unshare", "-U", "-r", "-n", "true"], capture_output=True).returncode == 0
    if not allowed and os.geteuid() != 0:
        print("neither root nor user namespaces here")
        return 77
    try:
        check_demo()
        check_nothing_demanded()
        check_triggers()
        check_resumed()
        check_without_root()
        check_killed()
        check_without_rights()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("passed")
    return 0


sys.exit(main())
