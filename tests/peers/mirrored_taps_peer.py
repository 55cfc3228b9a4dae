#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A "real" array behind switches whose mirror ports its file names as taps: marker frames are sent where the file says so,
and nowhere else; what the mirror loses of them is "not measured". A person at a terminal makes a support visit; a run that
was killed and went on says what nobody watched."""
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import time

from tapped_array import (MARKER_TYPE, PROGRAM, UNIQUE_ID, WATCHED, Switched, command, expect, files, is_unmeasured, measure,
                          run_inside, told, tool, whole_of)


class Heard:
    """Every marker frame on every interface here, sent or received, by interface."""

    def __enter__(self):
        self.end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
        self.end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.interfaces = {}
        self.over = False
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def listen(self):
        while not self.over:
            if select.select([self.end], [], [], 0.1)[0]:
                frame, (interface, *_) = self.end.recvfrom(64)
                if int.from_bytes(frame[12:14], "big") == MARKER_TYPE:
                    self.interfaces.setdefault(interface, []).append(frame)

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.end.close()


def with_markers(ports=("data", "mgmt"), **more):
    return [{**one, **({"markers_from": f"host-{end}", **more} if end in ports else {})}
            for one, end in zip(WATCHED, ("data", "mgmt"))]


def wait_for_rounds(folder, count, child):
    limit = time.monotonic() + 60
    journal = folder / "events.ndjson"
    while child.poll() is None and time.monotonic() < limit:
        if journal.exists() and journal.read_text().count("round finished") >= count:
            return
        time.sleep(0.02)
    expect(False, f"{count} rounds of {folder.name}: exit {child.poll()}")


def check_markers(switched, scratch):
    with Heard() as heard:
        record, verdict, found = measure(scratch, files(scratch, switched.url, "marked", with_markers(), rounds=3), "marked")
    expect(found == [] and verdict["outcome"] == "pass", f"marker frames are no traffic: {verdict} {found}")
    whole = whole_of(record)
    expect(whole["captured_bytes"] == whole["allowed_bytes"] > 0, f"nor in the books: {whole}")
    for tap in whole["taps"]:
        end = tap["interface"].split("-")[1]
        expect(tap["markers_from"] == f"host-{end}" and tap["markers_sent"] > 40 and tap["markers_lost"] == 0 and
               tap["loss_low"] == 0 and 0 < tap["loss_high"] < 0.09 and tap["note"] == "", f"all were seen: {tap}")
    expect({"host-data", "host-mgmt", "tap-data", "tap-mgmt"} <= set(heard.interfaces), f"on the wire: {set(heard.interfaces)}")
    with Heard() as heard:
        record, verdict, found = measure(
            scratch, files(scratch, switched.url, "one", with_markers(["data"], markers_to="02:00:00:00:77:02")), "one")
    expect(found == [] and verdict["outcome"] == "pass", f"by an address of the file: {verdict} {found}")
    expect({frame[:6].hex() for frame in heard.interfaces["host-data"]} == {"020000007702"}, "to the address of the file")
    expect(not any(name.endswith("mgmt") for name in heard.interfaces), f"nothing where no file says so: {set(heard.interfaces)}")
    with Heard() as heard:
        measure(scratch, files(scratch, switched.url, "unmarked", WATCHED), "unmarked")
    expect(heard.interfaces == {}, f"nor anywhere: {set(heard.interfaces)}")


def check_lossy_mirror(switched, scratch):
    plan = files(scratch, switched.url, "lossy", with_markers(), rounds=4)
    child = subprocess.Popen(command(scratch, plan, "lossy"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_rounds(scratch / "run-lossy", 1, child)
    with switched.lossy_mirror("data"):
        time.sleep(0.8)
    child.wait(120)
    record, verdict, found = told(scratch, "lossy", f"exit {child.returncode}")
    expect(found == [] and is_unmeasured(verdict, "one-second intervals", "marker frames were lost on their way to tap-data"),
           f"what the mirror left out is not measured: {verdict} {found}")
    lossy, whole = whole_of(record)["taps"]
    expect(0 < lossy["markers_lost"] < lossy["markers_sent"] and 0 < lossy["loss_low"] < lossy["loss_high"] < 1 and
           whole["markers_lost"] == 0, f"its loss has an interval: {lossy} {whole}")
    absent = [{**WATCHED[0], "markers_from": "host-none"}, WATCHED[1]]
    _, verdict, _ = measure(scratch, files(scratch, switched.url, "senderless", absent), "senderless")
    expect(is_unmeasured(verdict, "no marker frames past tap-data", "host-none"), f"nobody to send them: {verdict}")
    tool("ip", "link", "set", "host-mgmt", "down")
    record, verdict, _ = measure(scratch, files(scratch, switched.url, "down", with_markers()), "down")
    tool("ip", "link", "set", "host-mgmt", "up")
    expect(is_unmeasured(verdict, "marker frames were not sent past tap-mgmt"), f"an interface that takes none: {verdict}")


def check_echoed(switched, scratch):
    """What the array says in the bench's own marker frames is not taken for them."""
    echo = scratch / "echo.py"
    echo.write_text(f"""import socket
end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons({MARKER_TYPE}))
end.bind(("arr-data", {MARKER_TYPE}))
frame, (*_, kind, _, _) = end.recvfrom(64)
for i in range(40):
    end.send(frame)
""")
    echoing = switched.start([*switched.inside, sys.executable, str(echo)])
    _, verdict, found = measure(scratch, files(scratch, switched.url, "echoed", with_markers()), "echoed")
    expect(echoing.wait(20) == 0, "the array has heard a marker frame")
    expect(verdict["outcome"] == "fail" and found, f"marker frames sent by the array: {verdict} {found}")


def check_killed(switched, scratch):
    plan = files(scratch, switched.url, "killed", with_markers(), rounds=4)
    child = subprocess.Popen(command(scratch, plan, "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_rounds(scratch / "run-killed", 1, child)
    child.send_signal(signal.SIGKILL)
    child.wait(20)
    time.sleep(1)
    subprocess.run([PROGRAM, "run", "--resume", str(scratch / "run-killed"), "--destroy", UNIQUE_ID, "--overwrite-data",
                    "--progress", "none"], capture_output=True, timeout=120, check=False)
    record, verdict, found = told(scratch, "killed", "after it went on")
    expect(found == [] and is_unmeasured(verdict, "1 earlier part of this run ended without", "not watched from"),
           f"nobody knows what was sent meanwhile: {verdict} {found}")
    expect(whole_of(record)["not_measured"] == verdict["reason"], "so does its account")
    html = subprocess.run([PROGRAM, "report", str(scratch / "run-killed"), "--format", "html"], capture_output=True, text=True,
                          timeout=60, check=False).stdout
    expect("not watched from" in html and "ended without leaving" in html, "the page says so")


def at_terminal(arguments, question, act):
    """Runs at a terminal of its own; does something once the question is shown, and presses Enter."""
    keyboard, terminal = pty.openpty()
    child = subprocess.Popen(arguments, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    shown, answered = b"", False
    limit = time.monotonic() + 90
    while time.monotonic() < limit:
        if select.select([keyboard], [], [], 0.2)[0]:
            try:
                part = os.read(keyboard, 4096)
            except OSError:  # The program has ended.
                break
            shown += part
        if not answered and question in shown:
            act()
            answered = os.write(keyboard, b"\n") == 1
    os.close(keyboard)
    child.wait(60)
    return shown.decode(errors="replace"), answered


def check_person(switched, scratch):
    """What is declared for a support visit is allowed once a person was asked to make it, and not in another phase."""
    office = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    office.bind(("10.77.2.1", 7000))
    for phase, is_declared in (("support_visit", True), ("update", False)):
        question = f"Please begin the {phase} now"
        phases = [{"phase": "load", "duration": "600ms"},
                  {"phase": "disturb", "duration": "1500ms", "disturbance": {"name": phase, "time_limit": "30s"}},
                  {"phase": "settle", "duration": "600ms"}]
        plan = files(scratch, switched.url, f"person-{phase}", with_markers(), prompts={phase: question}, phases=phases,
                     duration=None, rounds=1)
        shown, answered = at_terminal(command(scratch, plan, f"person-{phase}"), question.encode(),
                                      lambda: switched.talk("10.77.2.1", 7000))
        record, _, found = told(scratch, f"person-{phase}", shown)
        expect(answered, f"a person was asked: {shown}")
        books = {one["phase"]: one for one in record["egress"]}
        expect(books[phase]["frames"] > 0, f"a phase of its own: {books.keys()}")
        if is_declared:
            expect(found == [], f"allowed during the visit: {found}")
        else:
            expect(any("10.77.2.1:7000" in one["summary"] and one["phase"] == phase for one in found),
                   f"found when no visit is on, with its phase: {found}")
    office.close()


sys.exit(run_inside(__file__, [
    (Switched, [check_markers, check_lossy_mirror, check_echoed, check_person, check_killed])]))
