# SPDX-License-Identifier: Apache-2.0
"""An iSCSI target whose honesty is broken by quirks, each one a thing that some array does. No test by itself."""
import socket
import struct
import threading

from . import iscsi_link as wire

IQN = "iqn.2026-01.org.arraybench:quirky"
READS, WRITES = (0x88,), (0x8A,)
MEDIA = READS + WRITES + (0x91, 0x93, 0x42, 0x8F)
UNIT_ATTENTION, NOT_READY, ILLEGAL = 6, 2, 5


class Lun:
    """A disk in memory and what it says of itself."""

    def __init__(self, number=1, naa="600140500000000000000000000000a1", serial="QUIRKY01", block_bytes=512,
                 blocks=16384, flat=False):
        self.number, self.naa, self.serial = number, naa, serial
        self.block_bytes, self.blocks, self.flat = block_bytes, blocks, flat
        self.store = {}

    def field(self):
        return (self.number | 0x4000 if self.flat or self.number > 255 else self.number) << 48

    def read(self, lba, count):
        empty = bytes(self.block_bytes)
        return b"".join(self.store.get(at, empty) for at in range(lba, lba + count))

    def write(self, lba, data):
        for index in range(0, len(data), self.block_bytes):
            self.store[lba + index // self.block_bytes] = data[index:index + self.block_bytes]


class Command:
    def __init__(self, header, data):
        self.header, self.data = header, data
        self.cdb, self.operation = header[32:48], header[32]
        self.expected = wire.word(header, 20)
        self.lun_field = struct.unpack(">Q", header[8:16])[0]
        self.is_media = self.operation in MEDIA
        self.is_write = self.operation in MEDIA and self.operation not in READS

    def range(self):
        return struct.unpack(">QI", self.cdb[2:14])


class Quirk:
    """Honest in everything; a quirk overrides what it breaks."""

    target = None

    def judge_login(self, link, request, keys):
        """May end a login by wire.refuse_login(); True: let in by wire.leap()."""

    def handle(self, link, command):
        """True: the command is over. May raise wire.Gone."""
        return False

    def page(self, code, lun, body):
        """The body of a VPD page; None: not there."""
        return body

    def capacity(self, lun):
        """(blocks, block bytes) to be said instead of the truth; None: the truth."""
        return None

    def read(self, link, command, data):
        """True: the read was answered."""
        return False

    def lun_fields(self, fields):
        return fields

    def lun_count(self):
        """How many LUNs there are said to be; None: the truth."""
        return None

    def login_keys(self):
        """What is said of itself when a login is over."""
        return []

    def send_targets(self, link, request, text):
        """True: the text was answered."""
        return False


class Target:
    """Serves on a free port of loopback for the length of a with block."""

    def __init__(self, *quirks, luns=None, chap=None, header_digest=False, family=socket.AF_INET, portals=()):
        self.quirks, self.chap, self.header_digest, self.family = quirks, chap, header_digest, family
        self.luns = luns or [Lun()]
        self.portals = list(portals)
        self.lock = threading.Lock()
        self.media = self.writes = self.logins = 0
        self.told = []  # What happened, in order.
        for quirk in quirks:
            quirk.target = self

    def __enter__(self):
        host = "::1" if self.family == socket.AF_INET6 else "127.0.0.1"
        self.listener = socket.socket(self.family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.address = f"[::1]:{self.port}" if self.family == socket.AF_INET6 else f"127.0.0.1:{self.port}"
        self.open = set()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def url(self, lun=None):
        unit = self.luns[0].number if lun is None else lun
        return f"iscsi://{self.address}/{IQN}/{unit}"

    def tell(self, what):
        with self.lock:
            self.told.append(what)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.open.add(connection)
        try:
            link = wire.Link(connection)
            wire.log_in(link, self._judge, self.chap, self.header_digest,
                        [pair for quirk in self.quirks for pair in quirk.login_keys()])
            if not link.discovery:
                with self.lock:
                    self.logins += 1
                self.tell("login")
            while True:
                self._dispatch(link, *link.next())
        except (wire.Gone, OSError):
            pass
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def _judge(self, link, request, keys):
        return any([quirk.judge_login(link, request, keys) for quirk in self.quirks])

    def _dispatch(self, link, header, data):
        opcode = header[0] & 0x3F
        link.took(header)
        if opcode == wire.SCSI_COMMAND:
            self._scsi(link, Command(header, data))
        elif opcode == wire.NOP_OUT:
            if wire.word(header, 16) != wire.NO_TAG:
                link.send(link.answer(wire.NOP_IN, header), data)
            else:
                self.tell("pong")
        elif opcode == wire.TASK:
            link.send(link.answer(wire.TASK_RESPONSE, header))
        elif opcode == wire.TEXT:
            self._text(link, header)
        elif opcode == wire.LOGOUT:
            self.tell("logout")
            link.send(link.answer(wire.LOGOUT_RESPONSE, header))
            raise wire.Gone()

    def _text(self, link, header):
        pairs = [("TargetName", IQN)]
        pairs += [("TargetAddress", address) for address in self.portals or [f"{self.address},1"]]
        text = wire.texts(pairs)
        if any(quirk.send_targets(link, header, text) for quirk in self.quirks):
            return
        link.send(link.answer(wire.TEXT_RESPONSE, header), text)

    # SCSI

    def respond(self, link, command, status=0, sense=b"", residual=0, is_over=False):
        out = link.answer(wire.SCSI_RESPONSE, command.header)
        out[3] = status
        out[20:24] = bytes(4)
        if residual:
            out[1] |= 4 if is_over else 2
            struct.pack_into(">I", out, 44, residual)
        link.send(out, struct.pack(">H", len(sense)) + sense if sense else b"")

    def check(self, link, command, key, asc, ascq, descriptor=False):
        sense = (bytes([0x72, key, asc, ascq, 0, 0, 0, 0]) if descriptor else
                 bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0]))
        self.respond(link, command, 2, sense)

    def give(self, link, command, data):
        """Data-In in segments, the last with status."""
        data, under = data[:command.expected], max(0, command.expected - len(data))
        if not data:
            self.respond(link, command, residual=under)
            return
        for number, offset in enumerate(range(0, len(data), link.their_segment)):
            piece = data[offset:offset + link.their_segment]
            is_last = offset + len(piece) == len(data)
            out = link.answer(wire.DATA_IN, command.header, 0x81 if is_last else 0)
            if is_last and under:
                out[1] |= 2
                struct.pack_into(">I", out, 44, under)
            struct.pack_into(">II", out, 36, number, offset)
            link.send(out, piece, counts=is_last)

    def take(self, link, command):
        """All data of a write, by requests for it."""
        data = command.data
        is_final = command.header[1] & wire.FINAL
        while not is_final:  # Unsolicited.
            header, piece = link.next_data(command.header[16:20])
            data, is_final = data + piece, header[1] & wire.FINAL
        number = 0
        while len(data) < command.expected:
            count = min(262144, command.expected - len(data))
            link.request_data(command.header, len(data), count, number)
            number, wanted = number + 1, len(data) + count
            while len(data) < wanted:
                data += link.next_data(command.header[16:20])[1]
        return data

    def _lun(self, field):
        for lun in self.luns:
            if lun.field() == field or (not lun.flat and lun.number == field >> 48 & 0x3FFF
                                        and field >> 62 in (0, 1) and field << 16 & (1 << 64) - 1 == 0):
                return lun
        return None

    def _scsi(self, link, command):
        data = self.take(link, command) if command.header[1] & 0x20 else b""
        if command.is_media:
            with self.lock:
                self.media += 1
                self.writes += 1 if command.is_write else 0
        if command.operation == 0xA0:
            self._report_luns(link, command)
            return
        if command.lun_field >> 48 == 0xC101 and command.operation == 0x12:
            self.give(link, command, bytes([0x1E, 0, 6, 2, 31]) + bytes(31))
            return
        lun = self._lun(command.lun_field)
        if lun is None:
            if command.operation == 0x12 and not command.cdb[1] & 1:
                self.give(link, command, bytes([0x7F, 0, 6, 2, 31]) + bytes(31))
            else:
                self.check(link, command, ILLEGAL, 0x25, 0)
            return
        if any(quirk.handle(link, command) for quirk in self.quirks):
            return
        self._honest(link, command, lun, data)

    def _honest(self, link, command, lun, data):
        operation = command.operation
        blocks, block_bytes = lun.blocks, lun.block_bytes
        for quirk in self.quirks:
            blocks, block_bytes = quirk.capacity(lun) or (blocks, block_bytes)
        if operation in (0x00, 0x91):
            self.respond(link, command)
        elif operation == 0x12:
            self._inquiry(link, command, lun)
        elif operation == 0x9E and command.cdb[1] & 0x1F == 0x10:
            self.give(link, command, struct.pack(">QI", blocks - 1, block_bytes) + bytes(20))
        elif operation == 0x25:
            self.give(link, command, struct.pack(">II", blocks - 1, block_bytes))
        elif operation == 0x5A:
            self.give(link, command, struct.pack(">HBB4x", 26, 0, 0) + bytes([8, 18]) + bytes(18))
        elif operation == 0x5E:
            self.give(link, command, bytes(8))
        elif operation in READS:
            content = lun.read(*command.range())
            if not any(quirk.read(link, command, content) for quirk in self.quirks):
                self.give(link, command, content)
        elif operation in WRITES:
            lun.write(command.range()[0], data)
            self.respond(link, command)
        else:
            self.check(link, command, ILLEGAL, 0x20, 0)

    def _report_luns(self, link, command):
        fields = [lun.field() for lun in self.luns]
        for quirk in self.quirks:
            fields = quirk.lun_fields(fields)
        if fields is None:
            self.check(link, command, ILLEGAL, 0x20, 0)
            return
        if command.cdb[2] == 2:
            fields = fields + [0xC101 << 48]
        told = next((said for said in (quirk.lun_count() for quirk in self.quirks) if said), len(fields))
        self.give(link, command, struct.pack(">II", 8 * told, 0) + b"".join(
            struct.pack(">Q", field) for field in fields))

    def _inquiry(self, link, command, lun):
        if not command.cdb[1] & 1:
            text = b"QUIRKY  TARGET          0001"
            self.give(link, command, bytes([0, 0, 6, 2, 31, 0, 0, 2]) + text)
            return
        code = command.cdb[2]
        body = {0x80: lun.serial.encode(), 0x83: bytes([1, 3, 0, 16]) + bytes.fromhex(lun.naa),
                0xB0: bytes(60)}.get(code)
        for quirk in self.quirks:
            body = quirk.page(code, lun, body)
        if body is None:
            self.check(link, command, ILLEGAL, 0x24, 0)
        else:
            self.give(link, command, bytes([0, code]) + struct.pack(">H", len(body)) + body)
