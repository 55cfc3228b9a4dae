# SPDX-License-Identifier: Apache-2.0
"""An emulated array of the bench on the host, as a machine under user networking sees it."""
import json
import os
import socket
import subprocess

from .machine import free_port

NQN = "nqn.2026-01.org.arraybench:guest"
IQN = "iqn.2026-01.org.arraybench:guest"
HOST = "10.0.2.2"  # The host, seen from inside.


def description(ports):
    """Two controllers, two volumes with a volatile cache, each controller with both protocols."""
    names = {"iscsi": IQN, "nvme_tcp": NQN}
    return {
        "$schema": "arraybench/array/v1", "purpose": "For foreign initiators.", "name": "guest",
        "identity": {"vendor": "ARRBENCH", "product": "GUEST", "revision": "0001",
                     "serial": "GUEST0001", "nvme_model": "arraybench guest"},
        "emulated": {
            "seed": 7, "controllers": 2, "access": "asymmetric",
            "volumes": [{"name": f"lun{i}", "size": "128MiB", "serial": f"GUEST000{i}",
                         "unique_id": f"62f0a1b2c3d4e5f6000000000000001{i}", "owner": i}
                        for i in range(2)],
            "portals": [{"transport": transport, "controller": controller,
                         "name": names[transport], "group_tag": controller + 1,
                         "listen": f"127.0.0.1:{port}", "advertise": f"{HOST}:{port}"}
                        for (transport, controller), port in ports.items()],
            "service": {"cache": {"volatile": True, "volatile_size": "64MiB"}}}}


class EmulatedArray:
    """Serves from entry to exit; stopped by its process id."""

    def __init__(self, program, folder, change=lambda description: None):
        """`change` may alter the description before it is served."""
        self.ports = {(transport, controller): free_port()
                      for transport in ("iscsi", "nvme_tcp") for controller in range(2)}
        self.file = os.path.join(folder, f"array-{os.getpid()}.json")
        self.program, self.change = program, change
        self.next_id = 1

    def __enter__(self):
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        with open(self.file, "w", encoding="utf-8") as file:
            described = description(self.ports)
            self.change(described)
            json.dump(described, file)
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [self.program, "array", self.file, "--control-fd", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        ours.settimeout(20)
        self.control = ours
        self.lines = ours.makefile("r", encoding="utf-8")
        first = json.loads(self.lines.readline() or "{}")
        if "ready" not in first:
            self.__exit__()
            raise RuntimeError(f"the array did not start: {first}")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.control.close()
        os.remove(self.file)

    def ask(self, **request):
        request["id"] = self.next_id
        self.next_id += 1
        self.control.sendall((json.dumps(request) + "\n").encode())
        answer = json.loads(self.lines.readline())
        if answer.get("error"):
            raise RuntimeError(f"{request}: {answer['error']}")
        return answer

    def counts(self):
        return self.ask(ask="counts")["counts"]

    def apply(self, event, **parameters):
        return self.ask(ask="event", event=event, parameters=parameters)
