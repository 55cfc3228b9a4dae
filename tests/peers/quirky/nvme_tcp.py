# SPDX-License-Identifier: Apache-2.0
"""An NVMe/TCP target on loopback that is honest, but for the quirks it is given.

Every quirk is a keyword of Target; without any it is a target as they should be. What it has been sent is counted,
so that a test can say what never arrived.
"""
import secrets
import socket
import struct
import threading
import time

from quirky.nvme_wire import (CAPSULE_CMD, CAPSULE_RESP, C2H_DATA, DISCOVERY_NQN, DNR, H2C_DATA, IC_RESP, LAST, R2T,
                              Closed, Command, Link)

NQN = "nqn.2026-01.org.quirk:a"
OTHER = "fedcba9876543210fedcba9876543202"

QUIRKS = {
    # Who it is.
    "nsid": 1, "blocks": 65536, "block_exponent": 9, "nguid": None,  # None: one of its own, as one run holds a LUN.
    "uuid": "", "serial": "SN0001",
    "has_descriptors": True, "namespaces": None,  # All active identifiers; None: nsid alone.
    # What it is large or strict in.
    "mdts": 0, "nn": 32, "mnan": 0, "ana": False, "ana_groups": 1, "ana_namespaces": 1, "ana_state": 1,
    "strict_lengths": False, "missing_logs": (), "silent_logs": (), "fatal_logs": (), "error_entries": 64, "event_configuration": True,
    "in_capsule": 8192, "data_piece": 131072, "r2t_piece": 131072, "six": False, "digests": (True, True),
    "authentication": False, "connect_status": 0, "answers_keep_alive": True, "retry_delays": (0, 0, 0),
    # What happens at the n-th I/O command (0: never).
    "drop_at": 0, "comes_back": True, "event_at": 0, "detached_s": 0, "refuse_at": 0, "refuse_s": 0, "refuse_status": 0, "refuse_more": 0,
    "missing_bytes": 0,  # Of every read, which is called good all the same.
    "spoil_header_at": 0, "spoil_data_at": 0, "hang_at": 0,
    # What the namespace is after that.
    "slow_identify_s": 0,  # How long who it is is thought about, after an event.
    "later_nguid": None, "later_blocks": 0, "later_exponent": 0,
    "attack": None,  # What it does that no controller does (nvme_attacks), from when that is armed.
    "greeting_later": None,  # What ICResp grants once it has dropped a connection, else as ever.
    # Discovery: records (type, transport, address, service, NQN).
    "records": None, "generations": 0,
}


class Target:
    """Listens until the with block ends."""

    def __init__(self, **quirks):
        unknown = set(quirks) - set(QUIRKS)
        assert not unknown, unknown
        for name, usual in QUIRKS.items():
            setattr(self, name, quirks.get(name, usual))
        self.nguid = secrets.token_hex(16) if self.nguid is None else self.nguid
        family = socket.AF_INET6 if self.six else socket.AF_INET
        self.listener = socket.create_server(("::1" if self.six else "127.0.0.1", 0), family=family, backlog=64)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.writes_unasked = 0  # Between an event and the answer to who it is.
        self.io = self.dropped = self.writes_elsewhere = self.largest = self.generation = 0
        self.refusals = []  # When a command was refused.
        self.secrets_seen = self.keep_alives = 0
        self.changed = self.asked = self.told = False  # Another namespace answers; who; and the host knows.
        self.detached_until = self.refused_since = self.changed_at = 0
        self.store = {}
        self.sockets = []
        self.controllers = {}
        self.complaints = []  # Of the target about the host.
        self.ending = False

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ending = True
        for one in [self.listener] + self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def portal(self):
        return f"[::1]:{self.port}" if self.six else f"127.0.0.1:{self.port}"

    def url(self, nsid=None, query=""):
        return f"nvme+tcp://{self.portal()}/{NQN}/{nsid or self.nsid}{query}"

    def _accept(self):
        while not self.ending:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.append(connection)
            if self.dropped and not self.comes_back:
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            Session(self, Link(connection)).run()
        except (Closed, OSError, struct.error):
            pass
        except AssertionError as error:
            self.complaints.append(str(error))
        connection.close()

    def identity(self):
        """NGUID, blocks; None where no namespace is attached now."""
        if time.monotonic() < self.detached_until:
            return None
        if self.changed:
            nguid = self.nguid if self.later_nguid is None else self.later_nguid
            return nguid, self.later_blocks or self.blocks
        return self.nguid, self.blocks

    def exponent(self):
        return self.changed and self.later_exponent or self.block_exponent

    def is_another(self):
        return self.changed and (self.later_nguid is not None or bool(self.later_blocks or self.later_exponent))

    def largest_transfer(self):
        return 4096 << self.mdts if self.mdts else 1 << 31


class Session:
    """One queue."""

    def __init__(self, target, link):
        self.target = target
        self.link = link
        self.waiting = []  # Commands that came while data was received.
        self.events = []
        self.queue = 0
        self.controller = 0
        self.is_discovery = False
        self.configuration = 0

    def run(self):
        kind, header, _ = self.link.pdu()
        assert kind == 0, "the first PDU is no ICReq"
        wanted = header[11]
        digests = self.target.digests
        if self.target.dropped and self.target.greeting_later is not None:
            digests = self.target.greeting_later
        granted = wanted & ((1 if digests[0] else 0) | (2 if digests[1] else 0))
        body = struct.pack("<HBBI", 0, 0, granted, 131072).ljust(120, b"\0")
        self.link.send(IC_RESP, 0, body)
        self.link.header_digest, self.link.data_digest = bool(granted & 1), bool(granted & 2)
        while True:
            if self.waiting:
                kind, header, data = self.waiting.pop(0)
            else:
                kind, header, data = self.link.pdu()
            if kind != CAPSULE_CMD:
                raise Closed
            self.execute(Command(header[8:72], data))

    # Answers.

    def end(self, command, status=0, value=0, more=0):
        body = struct.pack("<QHHHH", value, 0, self.queue, command if isinstance(command, int) else command.id,
                           (status & 0x7FF) << 1 | more)
        self.link.send(CAPSULE_RESP, 0, body)

    def give(self, command, data):
        data = bytes(data[:command.bytes])
        piece = self.target.data_piece
        for at in range(0, len(data), piece):
            part = data[at:at + piece]
            last = LAST if at + piece >= len(data) else 0
            self.link.send(C2H_DATA, last, struct.pack("<HHIII", command.id, 0, at, len(part), 0), part)
        self.end(command)

    def data_of(self, command):
        if command.data:
            return command.data
        got = b""
        while len(got) < command.bytes:
            wanted = min(self.target.r2t_piece, command.bytes - len(got))
            self.link.send(R2T, 0, struct.pack("<HHIII", command.id, 1, len(got), wanted, 0))
            end = len(got) + wanted
            while len(got) < end:
                pdu = self.link.pdu()
                if pdu[0] == H2C_DATA:
                    got += pdu[2]
                else:
                    self.waiting.append(pdu)
        return got

    def execute(self, command):
        if command.opcode == 0x7F:
            self.fabrics(command)
        elif self.queue == 0:
            self.admin(command)
        else:
            self.block_command(command)

    # Fabrics.

    def fabrics(self, command):
        kind = command.entry[4]
        if kind == 1:
            self.connect(command)
        elif kind == 4:
            offset = command.dwords[1]
            value = {0x00: 127 | 1 << 16 | 20 << 24 | 1 << 37, 0x08: 0x10400, 0x14: self.configuration,
                     0x1C: (self.configuration & 1) | (8 if self.configuration & 0xC000 else 0)}.get(offset, 0)
            self.end(command, 0, value)
        elif kind == 0:
            self.configuration = command.dwords[2]
            self.end(command)
        else:
            self.target.secrets_seen += kind in (5, 6)
            self.end(command, 0x001)

    def connect(self, command):
        target = self.target
        _, self.queue, _, _, _, _ = struct.unpack("<HHHBBI", command.entry[40:52])
        data = self.data_of(command)
        nqn = data[256:512].split(b"\0")[0].decode()
        self.is_discovery = nqn == DISCOVERY_NQN
        if target.connect_status and not self.is_discovery:
            self.end(command, target.connect_status, 0x10000 | 256)
            return
        with target.lock:
            if self.queue == 0:
                self.controller = len(target.controllers) + 1
                target.controllers[self.controller] = self
            else:
                self.controller = struct.unpack("<H", data[16:18])[0]
        self.end(command, 0, self.controller | (0x20000 if target.authentication else 0))

    # Admin commands.

    def admin(self, command):
        if command.opcode == 0x06:
            self.identify(command)
        elif command.opcode == 0x02:
            self.log_page(command)
        elif command.opcode == 0x09:
            if command.bytes:
                self.data_of(command)
            feature = command.dwords[0] & 0xFF
            self.end(command, 0x002 if feature == 0x0B and not self.target.event_configuration else 0)
        elif command.opcode == 0x0C:
            self.events.append(command.id)
        elif command.opcode == 0x18:
            self.target.keep_alives += 1
            if self.target.answers_keep_alive:
                self.end(command)
        else:
            self.end(command, 0, 1 if command.opcode == 0x08 else 0)

    def identify(self, command):
        structure = command.dwords[0] & 0xFF
        known = self.target.identity()
        if structure == 1:
            self.give(command, self.controller_page())
        elif structure == 0 and command.nsid in self.active() and known:
            if self.target.changed and self.target.slow_identify_s:
                time.sleep(self.target.slow_identify_s)
            self.target.asked = self.target.changed
            self.target.told = self.target.told or self.target.is_another()
            self.give(command, self.namespace_page(*known))
        elif structure == 0:
            self.give(command, bytes(4096))
        elif structure == 2:
            later = [one for one in self.active() if one > command.nsid][:1024]
            self.give(command, b"".join(struct.pack("<I", one) for one in later).ljust(4096, b"\0"))
        elif structure == 3 and self.target.has_descriptors:
            page = b""
            if known and known[0]:
                page += bytes((2, 16, 0, 0)) + bytes.fromhex(known[0])
            if self.target.uuid:
                page += bytes((3, 16, 0, 0)) + bytes.fromhex(self.target.uuid)
            self.give(command, page.ljust(4096, b"\0"))
        else:
            self.end(command, 0x002, 0, DNR)

    def active(self):
        return self.target.namespaces or [self.target.nsid]

    def controller_page(self):
        target = self.target
        ana = target.ana and not self.is_discovery
        page = bytearray(4096)
        page[4:24] = target.serial.ljust(20).encode()
        page[24:64] = b"QUIRK NVME".ljust(40)
        page[64:72] = b"1.0     "
        page[76] = 0x0A if ana else 0x02
        page[77] = target.mdts
        struct.pack_into("<HIII", page, 78, self.controller, 0x10400, 0, 0)
        struct.pack_into("<I", page, 92, 1 << 8 | (1 << 11 if ana else 0))
        page[111] = 2 if self.is_discovery else 1
        struct.pack_into("<HHH", page, 128, *target.retry_delays)
        page[258:260] = bytes((3, 3))
        page[262] = target.error_entries - 1
        struct.pack_into("<H", page, 320, 1)
        struct.pack_into("<II", page, 344, target.ana_groups, target.ana_groups)
        page[512:514] = b"\x66\x44"
        struct.pack_into("<HIH", page, 514, 128, target.nn, 0x0C)
        struct.pack_into("<II", page, 536, 0x100001, target.mnan or target.nn)
        page[768:768 + len(NQN)] = NQN.encode()
        struct.pack_into("<II", page, 1792, (64 + target.in_capsule) // 16, 1)
        page[1803] = 1
        return page

    def namespace_page(self, nguid, blocks):
        page = bytearray(4096)
        struct.pack_into("<QQQ", page, 0, blocks, blocks, 0)
        page[30] = 1
        struct.pack_into("<I", page, 92, 1)
        if nguid:
            page[104:120] = bytes.fromhex(nguid)
        page[130] = self.target.exponent()
        return page

    def log_page(self, command):
        target = self.target
        page = command.dwords[0] & 0xFF
        wanted = ((command.dwords[0] >> 16 | (command.dwords[1] & 0xFFFF) << 16) + 1) * 4
        offset = command.dwords[2] | command.dwords[3] << 32
        if page in target.silent_logs:
            return
        if page in target.fatal_logs:
            raise Closed
        if page in target.missing_logs:
            self.end(command, 0x109, 0, DNR)
            return
        if wanted > target.largest_transfer():
            target.complaints.append(f"log page {page:#x}: {wanted} bytes, above MDTS")
            self.end(command, 0x002, 0, DNR)
            return
        data = {0x01: self.error_log, 0x02: lambda: bytes(512), 0x04: self.changed_log, 0x0C: self.ana_log,
                0x70: self.discovery_log}[page]()
        if target.strict_lengths and offset + wanted > len(data):
            target.complaints.append(f"log page {page:#x}: {wanted} bytes at {offset} of {len(data)}")
            self.end(command, 0x00F, 0, DNR)
            return
        self.give(command, data[offset:offset + wanted].ljust(wanted, b"\0"))

    def error_log(self):
        return bytes(64 * self.target.error_entries)

    def changed_log(self):
        return struct.pack("<I", self.target.nsid).ljust(4096, b"\0")

    def ana_log(self):
        target = self.target
        out = struct.pack("<QHHI", 1, target.ana_groups, 0, 0)
        for group in range(target.ana_groups, 0, -1):  # Ours is the last.
            members = range(1, 1 + target.ana_namespaces)
            out += struct.pack("<IIQB15x", group, len(members), 1, target.ana_state)
            out += b"".join(struct.pack("<I", one) for one in members)
        return out

    def discovery_log(self):
        target = self.target
        if target.generations:
            target.generation += 1
            target.generations -= 1
        records = target.records
        if records is None:
            records = [(2, 3, "127.0.0.1", str(target.port), NQN)]
        page = bytearray(struct.pack("<QQH", target.generation, len(records), 0).ljust(1024, b"\0"))
        for kind, transport, address, service, nqn in records:
            entry = bytearray(1024)
            entry[0:3] = bytes((transport, 2 if ":" in address else 1, kind))
            struct.pack_into("<HHH", entry, 4, 1, 0xFFFF, 32)
            entry[32:64] = service.encode().ljust(32)
            entry[256:256 + len(nqn)] = nqn.encode()
            entry[512:768] = address.encode().ljust(256)
            page += entry
        return bytes(page)

    # Block commands.

    def block_command(self, command):
        target = self.target
        if target.attack and target.attack.handle(self, command):
            return
        data = self.data_of(command) if command.opcode in (1, 5, 9) else b""
        with target.lock:
            target.io += 1
            number = target.io
            if not self.strike(number):
                return
            status, more = self.refusal(number)
            if status:
                target.refusals.append(time.monotonic())
        if command.nsid != target.nsid or target.identity() is None:
            self.end(command, 0x00B)
            return
        if status:
            self.end(command, status, 0, more)
            return
        size = 1 << target.block_exponent
        if command.opcode in (1, 2):
            target.largest = max(target.largest, command.bytes)
            if command.bytes > target.largest_transfer() or command.bytes != command.blocks * size:
                target.complaints.append(f"{command.bytes} bytes for {command.blocks} blocks")
                self.end(command, 0x002)
                return
        if command.opcode == 1:
            with target.lock:
                late = target.changed_at and time.monotonic() > target.changed_at + 0.3
                known = target.asked or not target.changed_at or time.monotonic() < target.changed_at + 0.1
                target.writes_unasked += not known
                target.writes_elsewhere += target.is_another() and bool(target.told or late)
            for at in range(command.blocks):
                target.store[command.lba + at] = data[at * size:(at + 1) * size]
        if command.opcode == 2:
            empty = bytes(size)
            data = b"".join(target.store.get(command.lba + at, empty) for at in range(command.blocks))
            self.give(command, data[:len(data) - target.missing_bytes])
            return
        self.end(command)

    def strike(self, number):
        """What is to happen at this command happens; False: it gets no answer."""
        target = self.target
        if number == target.drop_at:
            target.dropped += 1
            target.changed = True
            target.told = target.is_another()  # Who connects anew has to ask.
            target.controllers[self.controller].link.socket.shutdown(socket.SHUT_RDWR)
            raise Closed
        if number == target.event_at:
            target.changed = True
            target.detached_until = time.monotonic() + target.detached_s if target.detached_s else 0
            target.changed_at = time.monotonic()
            self.tell(0x040002)
        if number == target.spoil_header_at:
            self.link.spoil_header = 1
        if number == target.spoil_data_at:
            self.link.spoil_data = 1
        return number != target.hang_at

    def tell(self, event):
        admin = self.target.controllers.get(self.controller)
        if admin and admin.events:
            admin.end(admin.events.pop(0), 0, event)

    def refusal(self, number):
        target = self.target
        if not target.refuse_at or number < target.refuse_at:
            return 0, 0
        target.refused_since = target.refused_since or time.monotonic()
        over = time.monotonic() >= target.refused_since + target.refuse_s
        return (0, 0) if over else (target.refuse_status, target.refuse_more)
