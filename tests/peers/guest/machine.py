# SPDX-License-Identifier: Apache-2.0
"""An emulated Linux machine under QEMU without KVM, with user networking on ephemeral ports."""
import os
import shutil
import socket
import subprocess
import time

from . import initramfs

END = "__END_OF_COMMAND__"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """Boots at entry, is stopped by its process id at exit. `forward`: guest ports to reach."""

    def __init__(self, folder, forward=()):
        self.qemu = shutil.which("qemu-system-x86_64")
        if not self.qemu:
            raise initramfs.Missing("qemu-system-x86_64 is not installed")
        self.folder = folder
        self.ports = {guest: free_port() for guest in (2222, *forward)}
        self.process = None
        self.image = None

    def __enter__(self):
        kernel, self.image = initramfs.build(self.folder)
        self.console = os.path.join(self.folder, f"console-{os.getpid()}.log")
        rules = "".join(f",hostfwd=tcp:127.0.0.1:{host}-10.0.2.15:{guest}"
                        for guest, host in self.ports.items())
        self.process = subprocess.Popen(
            [self.qemu, "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024",
             "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-serial", f"file:{self.console}", "-kernel", kernel, "-initrd", self.image,
             "-append", "console=ttyS0 quiet loglevel=4 mitigations=off tsc=reliable nokaslr no_timer_check "
                        "random.trust_cpu=on panic=-1",
             "-netdev", f"user,id=n0{rules}", "-device", "virtio-net-pci,netdev=n0",
             "-object", "rng-random,id=r0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r0"],
            stdin=subprocess.DEVNULL)
        try:
            self.wait_for("GUEST READY", 180)
            self.wait_for_shell(60)
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        for path in (self.image, self.console):
            if path and os.path.exists(path):
                os.remove(path)

    def console_text(self):
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, text, seconds):
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if os.path.exists(self.console) and text in self.console_text():
                return
            if self.process.poll() is not None:
                raise RuntimeError(f"the machine ended by itself: {self.console_text()[-2000:]}")
            time.sleep(0.1)
        raise RuntimeError(f"no \"{text}\" in {seconds} s: {self.console_text()[-2000:]}")

    def wait_for_shell(self, seconds):
        """The forwarder answers before the shell inside listens."""
        give_up = time.monotonic() + seconds
        while True:
            try:
                if self.run("true", 10)[0] == 0:
                    return
            except (OSError, RuntimeError):
                if time.monotonic() > give_up:
                    raise
            time.sleep(0.2)

    def run(self, script, seconds=90):
        """Runs shell commands inside; returns their exit code and what they printed."""
        with socket.create_connection(("127.0.0.1", self.ports[2222]), 20) as shell:
            shell.settimeout(seconds)
            shell.sendall(f"( {script}\n) 2>&1; echo {END}$?\nexit\n".encode())
            got = b""
            while END.encode() not in got or not got.endswith(b"\n"):
                part = shell.recv(65536)
                if not part:
                    break
                got += part
        text, _, code = got.decode(errors="replace").partition(END)
        if not code.strip().isdigit():
            raise RuntimeError(f"the shell ended early: {text}")
        return int(code), text

    def must(self, script, seconds=90):
        code, text = self.run(script, seconds)
        if code != 0:
            raise AssertionError(f"in the machine: {script}\nexit code {code}: {text}")
        return text
