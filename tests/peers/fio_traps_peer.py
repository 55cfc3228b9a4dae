#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real fio, trap by trap: every shipped workload's job file runs unmodified; a Poisson rate comes out as asked because it
is split, and one that is not split overshoots by the formula; a name that is not there makes no file; the last bucket is
where the bench takes it to be; what servers measured for a client comes in once."""
import json
import math
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from emulated_array import arraybench, need, run  # noqa: E402
from guest.machine import free_port  # noqa: E402

WORKLOADS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../profiles/workloads")
problems = []


def check(what, holds, detail=""):
    print(("ok    " if holds else "WRONG ") + what, flush=True)
    if not holds:
        problems.append(f"{what}\n{detail}")


def job_text(workload, lun, *options):
    code, text = run([arraybench(), "fio-job", os.path.join(WORKLOADS, workload), f"file:{lun}", *options])
    return text if code == 0 else None, text


def fio(text, timeout=60):
    done = subprocess.run(["fio", "--output-format=json+", "-"], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, check=False)
    out = done.stdout.decode(errors="replace")
    jobs = json.loads(out[out.index("\n{") + 1 if not out.startswith("{") else 0:]).get("jobs", []) if "{" in out else []
    return done.returncode, jobs, out[:300] + done.stderr.decode(errors="replace")[-500:]


def shipped_workloads(lun):
    ran = 0
    for name in sorted(os.listdir(WORKLOADS)):
        if not name.endswith(".json"):
            continue
        text, said = job_text(name, lun, "--size=64MiB", "--runtime=1s")
        if text is None:
            check(f"{name} is refused with the reason", "fio" in said or "synthetic" in said or "platform" in said, said)
            continue
        code, jobs, said = fio(text)
        work = sum(job[way]["total_ios"] for job in jobs for way in ("read", "write", "trim"))
        check(f"{name} runs under fio as it is printed: {len(jobs)} jobs", code == 0 and work > 0 and jobs and
              all(job["error"] == 0 for job in jobs), said)
        ran += 1
    check("most of them are fio's to run", ran >= 8, ran)


def rate(jobs):
    return sum(job["read"]["total_ios"] / (job["read"]["runtime"] / 1000) for job in jobs)


def poisson(lun, asked=30000):
    """fio's seed is fixed, so both counts are the same every time; chance is 0.3 %. A host that is busy comes too late: the
    best of some runs is the one that was least disturbed."""
    text, _ = job_text("random-read-4k.json", lun, "--size=16MiB", "--runtime=3s", f"--rate={asked}")
    alone = "\n".join(f"rate_iops={asked}" if line.startswith("rate_iops=") else line for line in text.splitlines()
                      if not line.startswith("numjobs="))
    got = {"split": 0.0, "alone": 0.0}
    gap = 1000000 // asked
    formula = 1e6 * math.expm1(1 / gap) / asked
    for _ in range(4):
        for way, job in (("split", text), ("alone", alone)):
            if got[way] < 0.99:
                got[way] = max(got[way], rate(fio(job)[1]) / asked)
    print(f"      {asked}/s: {got['split']:.4f} of it in several jobs, {got['alone']:.4f} in one, {formula:.4f} by the formula")
    check("a Poisson rate in one job overshoots by the formula", abs(got["alone"] - formula) < 0.012, got)
    check("split it comes as asked", abs(got["split"] - 1) < 0.012 and got["split"] < got["alone"], got)


def missing_name(folder, lun):
    text, _ = job_text("random-read-4k.json", lun, "--size=64MiB", "--runtime=1s")
    gone = os.path.join(folder, "mistyped")
    code, _, said = fio(text.replace(lun, gone))
    check("a name that is not there is fio's failure and makes no file", code != 0 and not os.path.exists(gone), said)
    fio(text.replace(lun, gone).replace("allow_file_create=0", "allow_file_create=1"))
    check("(without our option it would have made one)", os.path.exists(gone))


class SlowRead:
    """One read of more than 17.18 s, through nbdkit's own delay filter; it goes on while others are checked."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "slow.json")
        self.process = subprocess.Popen(
            ["nbdkit", "-U", "-", "--filter=delay", "null", "size=1M", "rdelay=18", "--run",
             "fio --name=slow --ioengine=nbd --uri=\"$uri\" --rw=read --bs=4k --size=4k --number_ios=1 --lat_percentiles=1 "
             f"--output-format=json+ --output={self.file}"], stdin=subprocess.DEVNULL)

    def judge(self, folder):
        self.process.wait(60)
        with open(self.file, encoding="utf-8") as text:
            latency = json.load(text)["jobs"][0]["read"]["lat_ns"]
        check("fio clips at 17.18 s: an 18 s read lies in a bucket whose middle is 17.112760320 s",
              latency["bins"] == {"17112760320": 1} and latency["max"] > 18e9, latency)
        out = os.path.join(folder, "slow")
        run([arraybench(), "import", self.file, "--out", out])
        said = "".join(open(os.path.join(out, "rounds", name), encoding="utf-8").read()
                       for name in os.listdir(os.path.join(out, "rounds")))
        check("and the bench sees that it was clipped", "clipped at 17.18 s" in said, said[:500])


def servers(folder, lun):
    ports = [free_port(), free_port()]
    processes = [subprocess.Popen(["fio", f"--server=127.0.0.1,{port}"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
                 for port in ports]
    try:
        job = os.path.join(folder, "job.fio")
        with open(job, "w", encoding="utf-8") as out:
            out.write(f"[one]\nfilename={lun}\nrw=randread\nbs=4k\nsize=16m\ntime_based=1\nruntime=1\nioengine=psync\n"
                      "allow_file_create=0\nlat_percentiles=1\n")
        time.sleep(0.5)
        result = os.path.join(folder, "clients.json")
        code, said = run(["fio", "--output-format=json+", f"--output={result}",
                          *[word for port in ports for word in (f"--client=127.0.0.1,{port}", job)]])
        with open(result, encoding="utf-8") as text:
            whole = text.read()
        told = json.loads(whole[whole.index("\n{"):])["client_stats"]
        check("fio writes words before a client's result, and a sum without percentiles", code == 0 and
              not whole.startswith("{") and told[-1]["jobname"] == "All clients" and
              not told[-1]["read"]["lat_ns"].get("percentile"), said)
        out = os.path.join(folder, "clients")
        code, said = run([arraybench(), "import", result, "--out", out])
        export = json.loads(run([arraybench(), "report", out, "--format", "fio"])[1]) if code == 0 else {"jobs": []}
        check("its servers' jobs come in once, merged", code == 0 and
              sum(job["read"]["total_ios"] for job in export["jobs"]) == told[-1]["read"]["total_ios"], said)
        # As a result looks from which fio has dropped a server's job.
        dropped = json.loads(whole[whole.index("\n{"):])
        del dropped["client_stats"][0]
        with open(result, "w", encoding="utf-8") as text:
            json.dump(dropped, text)
        code, said = run([arraybench(), "import", result, "--out", out + "2"])
        check("and one that is missing is missed", code == 2 and "a server's job is missing" in said, said)
    finally:
        for process in processes:
            process.terminate()
            process.wait(20)


def main():
    need("fio", "nbdkit")
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # Fast enough for any rate here.
    with tempfile.TemporaryDirectory(prefix="arraybench-fio-") as folder, \
            tempfile.NamedTemporaryFile(prefix="arraybench-fio-", dir=memory) as fast:
        lun = os.path.join(folder, "lun")
        with open(lun, "wb") as image:
            image.truncate(64 << 20)
        fast.truncate(16 << 20)  # Only read, so it takes no memory.
        slow = SlowRead(folder)
        shipped_workloads(lun)
        poisson(fast.name)
        missing_name(folder, lun)
        servers(folder, lun)
        slow.judge(folder)
    for problem in problems:
        print("\n" + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
