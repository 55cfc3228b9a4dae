# SPDX-License-Identifier: Apache-2.0
"""tgtd on a free port of loopback, for the length of a with block. No test by itself."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

IQN = "iqn.2001-04.org.tgt:arraybench-peer"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Tgt:
    """LUN 1 is a null store: it answers at once and keeps nothing."""

    def __enter__(self):
        self.port = free_port()
        self.control = str(1000 + os.getpid() % 30000)  # tgtd's own number for its control socket.
        self.folder = tempfile.mkdtemp(prefix="arraybench-tgt-")
        self.log = open(os.path.join(self.folder, "log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["tgtd", "-f", "-C", self.control, "--iscsi", f"portal=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log)
        try:
            self._wait()
            self._admin("--op", "new", "--mode", "target", "--tid", "1", "-T", IQN)
            self._admin("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", "1",
                        "--bstype", "null", "-b", "1g")
            self._admin("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL")
        except BaseException:
            self.__exit__()
            raise
        return self

    def url(self):
        return f"iscsi://127.0.0.1:{self.port}/{IQN}/1"

    @property
    def pid(self):
        return self.process.pid

    def freeze(self, seconds):
        os.kill(self.pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def cpu_seconds(self):
        """User and system time of the target so far."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _admin(self, *arguments):
        done = subprocess.run(["tgtadm", "-C", self.control, "--lld", "iscsi", *arguments],
                              capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"tgtadm {' '.join(arguments)}: {done.stderr.strip()}")

    def _wait(self):
        for _ in range(100):
            if self.process.poll() is not None:
                raise RuntimeError("tgtd did not stay up")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                self._admin("--op", "show", "--mode", "system")
                return
            except (OSError, RuntimeError, subprocess.TimeoutExpired):
                time.sleep(0.1)
        raise RuntimeError("tgtd did not come up")

    def __exit__(self, *_):
        self.process.kill()  # It ignores SIGTERM while targets exist.
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
