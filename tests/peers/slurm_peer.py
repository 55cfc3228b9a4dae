#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Slurm starts one plan on two nodes by srun, and by mpirun in a batch job; a cancelled job and a killed rank end the
run with 6, and what was measured is kept; processes that Slurm does not introduce to each other are refused."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emulated_array import arraybench, need  # noqa: E402
from own_hosts import (SOURCE, UNIQUE_ID, Checks, Machines, await_rounds, driven_by_two, ended_with_6,  # noqa: E402
                       need_machines, serve, write, write_plan)
from slurm import Slurm, is_installed  # noqa: E402

check = Checks()
BY_SRUN = ["srun", "--mpi=pmix", "--nodes=2", "--ntasks-per-node=2"]


def command(plan, run):
    return [arraybench(), "run", plan, "--out", run, "--destroy", UNIQUE_ID, "--progress", "none"]


def short_plan(folder, name):
    return write_plan(folder, name, '"rounds": 2, "duration": "500ms"')


def long_plan(folder, name):
    return write_plan(folder, name, '"rounds": 300, "duration": "300ms"')


def by_srun(slurm, folder):
    run = os.path.join(folder, "srun")
    step = slurm.start(*BY_SRUN, *command(short_plan(folder, "srun-plan"), run))
    out, err = step.communicate(timeout=120)
    check("srun: the run is over with 0 (7: a busy host)", step.returncode in (0, 7), out + err)
    check("srun: one rank speaks", out.count("\nhosts\n") == 1, out)
    driven_by_two(check, run, 2)


def by_batch(slurm, folder):
    run = os.path.join(folder, "batch")
    words = " ".join(command(short_plan(folder, "batch-plan"), run))
    script = write(os.path.join(folder, "batch.sh"),
                   f"#!/bin/sh\nexec mpirun --allow-run-as-root {words}\n", 0o755)
    log = os.path.join(folder, "batch.log")
    job = slurm.start("sbatch", "--wait", "--nodes=2", "--ntasks-per-node=2", f"--output={log}", script)
    out, err = job.communicate(timeout=120)
    with open(log, encoding="utf-8") as text:
        said = out + err + text.read()
    check("sbatch and mpirun: the job is over with 0 (7: a busy host)", job.returncode in (0, 7), said)
    driven_by_two(check, run, 2)


def cancelled(slurm, folder):
    """On one node, with an emulated array of the run's own: scancel's signal comes to that, too."""
    run = os.path.join(folder, "cancelled")
    with open(long_plan(folder, "cancelled-plan"), encoding="utf-8") as text:
        words = text.read().replace(f"{folder}/real.json", f"{SOURCE}/profiles/arrays/plain.json")
    plan = write(os.path.join(folder, "cancelled-plan.json"), words)
    step = slurm.start("srun", "--mpi=pmix", "--nodes=1", "--ntasks=2", *command(plan, run))
    await_rounds(run, 2)
    slurm.ask("scancel", slurm.job())
    out, err = step.communicate(timeout=60)
    check("scancel: srun ends with 6", step.returncode == 6, f"{step.returncode}\n{out}{err}")
    ended_with_6(check, "scancel", run, "interrupted by a signal")


def worker_of(host, rank):
    """The process that works, not the one that Slurm started to watch over it."""
    found = {}
    for pid in host.processes():
        try:
            with open(f"/proc/{pid}/environ", "rb") as raw:
                words = raw.read().split(b"\0")
            with open(f"/proc/{pid}/stat", encoding="utf-8") as raw:
                parent = int(raw.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{pid}/cmdline", "rb") as raw:
                name = raw.read().split(b"\0")[0]
        except OSError:
            continue
        if f"SLURM_PROCID={rank}".encode() in words and name == arraybench().encode():
            found[pid] = parent
    return next(pid for pid, parent in found.items() if parent in found)


def killed_rank(slurm, folder):
    run = os.path.join(folder, "killed")
    step = slurm.start(*BY_SRUN, *command(long_plan(folder, "killed-plan"), run))
    await_rounds(run, 2)
    os.kill(worker_of(slurm.machines.two, 3), signal.SIGKILL)
    out, err = step.communicate(timeout=60)
    check("killed rank: srun ends with 6", step.returncode == 6, f"{step.returncode}\n{out}{err}")
    ended_with_6(check, "killed rank", run, "rank 3 on two: it has ended")


def refusals(slurm, folder):
    plan = short_plan(folder, "refused-plan")
    run = os.path.join(folder, "refused")
    for kind, code, word in (("none", 2, "none of which knows of the others"), ("pmi2", 5, "Slurm wants srun --mpi=pmix")):
        step = slurm.start("srun", "--mpi=" + kind, "--nodes=2", "--ntasks-per-node=2", *command(plan, run))
        out, err = step.communicate(timeout=60)
        check(f"srun --mpi={kind} is refused with {code} and what to do", step.returncode == code and word in err, out + err)
        check(f"srun --mpi={kind} leaves nothing behind", not os.path.exists(run))


def main():
    need("mpirun", "unshare", "nsenter", "ip")
    need_machines()
    linked = subprocess.run(["ldd", arraybench()], capture_output=True, text=True, check=True).stdout
    if "libmpi" not in linked or not is_installed():
        print("skipped: no Slurm with PMIx, or built without MPI")
        sys.exit(77)
    folder = tempfile.mkdtemp(prefix="arraybench-slurm-")
    os.environ["TMPDIR"] = folder  # mpirun keeps things there by the name of the host, which others may have too.
    try:
        with Machines() as machines:
            serve(machines, folder)
            with Slurm(machines, folder) as slurm:
                by_srun(slurm, folder)
                by_batch(slurm, folder)
                cancelled(slurm, folder)
                killed_rank(slurm, folder)
                refusals(slurm, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    check.end()


if __name__ == "__main__":
    main()
