# SPDX-License-Identifier: Apache-2.0
"""A Slurm of two nodes on the machines of own_hosts.py, with keys, folders and ports of its own."""
import glob
import os
import re
import subprocess
import time

from own_hosts import LAN

PLACES = ["/usr/sbin", "/usr/bin"]


def program(name):
    return next(path for path in (os.path.join(place, name) for place in PLACES) if os.path.exists(path))


def is_installed():
    names = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "scancel")
    return all(os.path.exists("/usr/sbin/" + name) or os.path.exists("/usr/bin/" + name) for name in names) and \
        bool(glob.glob("/usr/lib/*/slurm-wlm/mpi_pmix.so"))


class Slurm:
    """Slurm's daemons for the length of a with block. They end with the machines that they run on."""

    def __init__(self, machines, folder):
        self.machines = machines
        self.folder = os.path.join(folder, "slurm")
        for name in ("state", "spool-one", "spool-two", "tmp-one", "tmp-two"):
            os.makedirs(os.path.join(self.folder, name))
        os.chmod(folder, 0o755)
        # The cables to the array lead from neither host to the other.
        self.environment = dict(os.environ, SLURM_CONF=os.path.join(self.folder, "slurm.conf"),
                                OMPI_MCA_btl_tcp_if_include=LAN + "0/24", OMPI_MCA_oob_tcp_if_include=LAN + "0/24")

    def __enter__(self):
        key = os.path.join(self.folder, "key")
        with open(key, "wb") as out:
            out.write(os.urandom(128))
        os.chmod(key, 0o400)
        self.write_configuration()
        words = [f"--{name}={self.folder}/munge.{name[:-5] if name != 'socket' else name}"
                 for name in ("socket", "pid-file", "log-file", "seed-file")]
        self.daemon(self.machines.one, "munged", "--foreground", "--force", f"--key-file={key}", *words)
        self.wait_for(lambda: os.path.exists(f"{self.folder}/munge.socket"), "munged")
        self.daemon(self.machines.one, "slurmctld", "-D")
        for host in (self.machines.one, self.machines.two):
            self.daemon(host, "slurmd", "-D")
        self.wait_for(lambda: self.node_states() == ["idle", "idle"], "two idle nodes")
        return self

    def __exit__(self, *_):
        pass

    def write_configuration(self):
        with open(self.environment["SLURM_CONF"], "w", encoding="utf-8") as out:
            out.write(f"""ClusterName=peer
SlurmctldHost=one({LAN}1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={self.folder}/munge.socket
CredType=cred/munge
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool-%n
TmpFS={self.folder}/tmp-%n
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd-%n.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SlurmdParameters=config_overrides
NodeName=one NodeAddr={LAN}1 CPUs=4 RealMemory=100
NodeName=two NodeAddr={LAN}2 CPUs=4 RealMemory=100
PartitionName=all Nodes=ALL Default=YES
""")

    def daemon(self, host, name, *arguments):
        with open(f"{self.folder}/{name}-{host.name}.out", "w", encoding="utf-8") as log:
            host.start([program(name), *arguments], stdout=log, stderr=subprocess.STDOUT, env=self.environment)

    def wait_for(self, holds, what):
        until = time.monotonic() + 30
        while not holds():
            if time.monotonic() > until:
                for path in glob.glob(f"{self.folder}/*.out"):
                    with open(path, encoding="utf-8") as text:
                        print(path, text.read()[-2000:])
                raise SystemExit(f"Slurm did not come up: {what}")
            time.sleep(0.1)

    def ask(self, *words):
        done = subprocess.run([*self.machines.one.inside, *words], env=self.environment, capture_output=True, text=True,
                              timeout=60, check=False)
        return done.stdout

    def node_states(self):
        return re.findall(r"\S+", self.ask("sinfo", "--noheader", "--Node", "--format=%t"))

    def start(self, *words):
        """A command of Slurm on host one."""
        return self.machines.one.start(words, env=self.environment, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)

    def job(self):
        """The one that runs."""
        return self.ask("squeue", "--noheader", "--format=%i").split()[0]
