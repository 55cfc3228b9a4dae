#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TCP and UDP conversations, their frames and bytes, as tshark and as `arraybench egress` count them, on every benign
capture at hand and on one that this test makes itself."""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

program = os.environ["ARRAYBENCH"]
if not shutil.which("tshark"):
    print("tshark is not installed")
    sys.exit(77)


def made_capture(path):
    """Two UDP flows, one TCP connection, as raw IPv4."""
    def ip(protocol, source, target, payload):
        return struct.pack(">BBHHHBBH4B4B", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, 192, 0, 2, source, 192, 0, 2, target) + payload

    def udp(source, target, data):
        return struct.pack(">HHHH", source, target, 8 + len(data), 0) + data

    def tcp(source, target, flags, data=b""):
        return struct.pack(">HHIIBBHHH", source, target, 1, 1, 0x50, flags, 1000, 0, 0) + data

    frames = [ip(17, 1, 2, udp(40000, 7, b"x" * 30)), ip(17, 2, 1, udp(7, 40000, b"x" * 30)), ip(17, 1, 3, udp(40001, 7, b"yy")),
              ip(6, 1, 2, tcp(50000, 80, 2)), ip(6, 2, 1, tcp(80, 50000, 18)), ip(6, 1, 2, tcp(50000, 80, 24, b"GET / HTTP/1.1\r\n\r\n"))]
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for second, frame in enumerate(frames):
            out.write(struct.pack("<IIII", second, 0, len(frame), len(frame)) + frame)


def tshark_flows(capture, protocol):
    text = subprocess.run(["tshark", "-r", capture, "-q", "-z", f"conv,{protocol}"], capture_output=True, text=True, check=True).stdout
    flows = {}
    for line in text.splitlines():
        found = re.match(r"^(\S+):(\d+)\s+<->\s+(\S+):(\d+)\s+(.*)$", line)
        if found:
            # Columns: frames and bytes <-, frames and bytes ->, total; bytes carry units unless small.
            numbers = re.findall(r"(\d+) (bytes|kB|MB)?", found[5])
            frames = [int(number) for number, unit in numbers if not unit]
            key = frozenset([(found[1], int(found[2])), (found[3], int(found[4]))])
            flows[key] = flows.get(key, 0) + frames[2]
    return flows


def own_flows(capture, protocol):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "egress", capture, "--export", folder, "--format", "json"], capture_output=True, check=False)
        flows = {}
        for line in (pathlib.Path(folder) / "eve.json").read_text().splitlines():
            event = json.loads(line)
            if event["event_type"] == "flow" and event["proto"] == protocol:
                key = frozenset([(event["src_ip"], event["src_port"]), (event["dest_ip"], event["dest_port"])])
                flows[key] = flows.get(key, 0) + event["flow"]["pkts_toserver"] + event["flow"]["pkts_toclient"]
        return flows


def frame_bytes(capture):
    text = subprocess.run(["tshark", "-r", capture, "-T", "fields", "-e", "frame.len"], capture_output=True, text=True, check=True).stdout
    return sum(map(int, text.split()))


def own_bytes(capture):
    text = subprocess.run([program, "egress", capture, "--format", "json"], capture_output=True, text=True, check=False).stdout
    books = json.loads(text)["books"]
    assert books["balances"], capture
    return books["captured"]["bytes"]


compared = 0
with tempfile.TemporaryDirectory() as folder:
    own = os.path.join(folder, "made.pcap")
    made_capture(own)
    benign = pathlib.Path(__file__).resolve().parents[3] / "shared" / "captures" / "benign"
    for capture in [own, *sorted(map(str, benign.glob("*.pcap")))]:
        for protocol in ("tcp", "udp"):
            theirs, ours = tshark_flows(capture, protocol), own_flows(capture, protocol)
            if theirs != ours:
                print(f"{capture} {protocol}: tshark {theirs}, arraybench {ours}")
                sys.exit(1)
            compared += len(theirs)
        if frame_bytes(capture) != own_bytes(capture):
            print(f"{capture}: bytes differ: {frame_bytes(capture)} and {own_bytes(capture)}")
            sys.exit(1)
if compared < 3:
    print("nothing was compared")
    sys.exit(1)
print(f"{compared} conversations equal")
