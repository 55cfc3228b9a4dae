# SPDX-License-Identifier: Apache-2.0
"""What no honest NVMe/TCP controller does: each would fill, stall or end a host that believes it. No test by itself."""
import struct
import threading

from .nvme_wire import C2H_DATA, CAPSULE_CMD, CAPSULE_RESP, LAST, R2T, Closed, crc32c

WRITE, READ = 1, 2


class Attack:
    """Honest until it is armed, by a count of I/O commands or by arm(); then strikes at the next that fits."""

    at_command = WRITE

    def __init__(self, at=None):
        self.at, self.is_armed, self.strikes, self.sent_bytes, self.seen = at, threading.Event(), 0, 0, 0
        self.lock = threading.Lock()

    def arm(self):
        self.is_armed.set()

    def handle(self, session, command):
        with self.lock:
            self.seen += 1
            if self.at is not None and self.seen >= self.at:
                self.arm()
            if not self.is_armed.is_set() or command.opcode != self.at_command:
                return False
            self.strikes += 1
        self.strike(session, command)
        return True

    def strike(self, session, command):
        """Sends what it sends; raises Closed or OSError once nobody listens any more."""
        raise NotImplementedError

    def pour(self, session, kind, flags, body, data=b"", most=1 << 30):
        """The same PDU until nobody takes it, or so many bytes were taken."""
        one = session.link.encoded(kind, flags, body, data)
        many = one * max(1, 65536 // len(one))
        while self.sent_bytes < most:
            session.link.socket.sendall(many)
            self.sent_bytes += len(many)
        raise Closed


def transfer(command, offset, count):
    return struct.pack("<HHIII", command.id, 0, offset, count, 0)


class DataForWrite(Attack):
    """Data for a command that asked for none, without end."""

    def strike(self, session, command):
        self.pour(session, C2H_DATA, 0, transfer(command, 0, 65536), bytes(65536))


class MoreData(Attack):
    """What was asked for, again and again."""

    at_command = READ

    def strike(self, session, command):
        self.pour(session, C2H_DATA, 0, transfer(command, 0, command.bytes), bytes(command.bytes))


class DataPastTheEnd(Attack):
    """A piece that would be written behind the buffer."""

    at_command = READ

    def strike(self, session, command):
        session.link.send(C2H_DATA, LAST, transfer(command, command.bytes - 4, 512), bytes(512))


class DataBeforeTheBegin(Attack):
    """A piece that would be written before the buffer, if added carelessly."""

    at_command = READ

    def strike(self, session, command):
        session.link.send(C2H_DATA, LAST, transfer(command, 0xFFFFFE00, 512), bytes(512))


class DataForNobody(Attack):
    """Data for a command that nobody sent."""

    at_command = READ

    def strike(self, session, command):
        session.link.send(C2H_DATA, LAST, struct.pack("<HHIII", command.id ^ 0x8000, 0, 0, 512, 0), bytes(512))


class LyingLength(Attack):
    """Says that a PDU carries as much as was asked for, and it carries 512 bytes."""

    at_command = READ

    def strike(self, session, command):
        session.link.send(C2H_DATA, LAST, transfer(command, 0, command.bytes), bytes(512))


class HugeRequest(Attack):
    """Asks for all but 4 GiB of a write."""

    def strike(self, session, command):
        session.link.send(R2T, 0, struct.pack("<HHIII", command.id, 1, 0, 0xFFFFFE00, 0))


class RequestToReader(Attack):
    """Asks a command that reads for data: it would be sent what lies in the host's memory."""

    at_command = READ

    def strike(self, session, command):
        session.link.send(R2T, 0, struct.pack("<HHIII", command.id, 1, 0, 512, 0))


class StrayAnswers(Attack):
    """Answers to a command that nobody sent, without end."""

    def strike(self, session, command):
        self.pour(session, CAPSULE_RESP, 0, struct.pack("<QHHHH", 0, 0, session.queue, command.id ^ 0x4000, 0))


class TwoAnswers(Attack):
    """Answers twice: the second would end whatever has its place by then."""

    def strike(self, session, command):
        session.data_of(command)
        session.end(command)
        session.end(command)


class EmptyRead(Attack):
    """Says that a read went well, and sends nothing of it."""

    at_command = READ

    def strike(self, session, command):
        session.end(command)


class HugePdu(Attack):
    """Announces a PDU of 4 GiB."""

    def strike(self, session, command):
        session.link.socket.sendall(struct.pack("<BBBBI", C2H_DATA, LAST, 24, 24, 0xFFFFFFFF) + transfer(command, 0, 512))


class ShortPdu(Attack):
    """A PDU that is shorter than its own header."""

    def strike(self, session, command):
        session.link.socket.sendall(struct.pack("<BBBBI", CAPSULE_RESP, 0, 24, 0, 8) + bytes(16))


class HostPdu(Attack):
    """A PDU that only hosts send."""

    def strike(self, session, command):
        session.link.send(CAPSULE_CMD, 0, command.entry)


class SealedRubbish(Attack):
    """A PDU of no known type, with a digest that fits where digests were agreed on."""

    def strike(self, session, command):
        header = struct.pack("<BBBBI", 0x55, 1 if session.link.header_digest else 0, 24,
                             0, 28 if session.link.header_digest else 24) + bytes(16)
        session.link.socket.sendall(header + (crc32c(header) if session.link.header_digest else b""))


class DamagedRubbish(Attack):
    """The same with a digest that does not fit: whoever did it, it is not the controller's word."""

    def strike(self, session, command):
        header = struct.pack("<BBBBI", 0x55, 1, 24, 0, 28) + bytes(16)
        session.link.socket.sendall(header + bytes(4))
