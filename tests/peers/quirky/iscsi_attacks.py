# SPDX-License-Identifier: Apache-2.0
"""What no honest array does: each would fill, stall or end an initiator that believes it. No test by itself."""
import struct
import threading

from . import iscsi_link as wire
from .iscsi import READS, Quirk


class Attack(Quirk):
    """Honest until it is armed, by a count of media commands or by arm(); then strikes at the next that fits."""

    reads = False  # Strikes at reads, not at writes.

    def __init__(self, at=None):
        self.at, self.is_armed, self.strikes, self.sent_bytes = at, threading.Event(), 0, 0

    def arm(self):
        self.is_armed.set()

    def handle(self, link, command):
        if self.at is not None and self.target.media >= self.at:
            self.arm()
        if not self.is_armed.is_set() or not command.is_media or (command.operation in READS) != self.reads:
            return False
        with self.target.lock:
            self.strikes += 1
        self.target.tell("strike")
        self.strike(link, command)
        return True

    def strike(self, link, command):
        """Sends what it sends; raises wire.Gone or OSError once nobody listens any more."""
        raise NotImplementedError

    def pour(self, link, header, data=b"", most=1 << 30):
        """The same PDU until nobody takes it, or so many bytes were taken."""
        header[5:8] = len(data).to_bytes(3, "big")
        one = bytes(header) + data + bytes(-len(data) % 4)
        many = one * max(1, 65536 // len(one))
        while self.sent_bytes < most:
            link.connection.sendall(many)
            self.sent_bytes += len(many)
        raise wire.Gone()


class DataForWrite(Attack):
    """Data for a command that asked for none."""

    def strike(self, link, command):
        self.pour(link, link.answer(wire.DATA_IN, command.header, 0), bytes(262144))


class MoreData(Attack):
    """What was asked for, again and again."""

    reads = True

    def strike(self, link, command):
        self.pour(link, link.answer(wire.DATA_IN, command.header, 0), bytes(4096))


class HugeRequest(Attack):
    """One request for all but 4 GiB: 48 bytes, and the connection stays."""

    def strike(self, link, command):
        link.request_data(command.header, 0, 0xFFFFFE00, 0)


class TinyRequests(Attack):
    """A request for each byte, all at once."""

    def strike(self, link, command):
        for number in range(min(command.expected, 100000)):
            link.request_data(command.header, number, 1, number)


class IdlePings(Attack):
    """NOP-Ins that want no answer, without end."""

    def strike(self, link, command):
        out = link.answer(wire.NOP_IN, command.header)
        out[16:20] = b"\xff" * 4
        struct.pack_into(">III", out, 24, link.status_number, link.command_number, link.command_number + 63)
        self.pour(link, out)


class StrayAnswers(Attack):
    """Answers to a command that nobody sent, without end."""

    def strike(self, link, command):
        out = link.answer(wire.SCSI_RESPONSE, command.header)
        out[16:20] = b"\x12\x34\x56\x78"
        struct.pack_into(">III", out, 24, link.status_number, link.command_number, link.command_number + 63)
        self.pour(link, out)


class HugeSegment(Attack):
    """A segment of 16 MiB, where 256 KiB were declared."""

    reads = True

    def strike(self, link, command):
        self.pour(link, link.answer(wire.DATA_IN, command.header, 0), bytes((1 << 24) - 4))


class ForgedOpcode(Attack):
    """A PDU that only initiators send."""

    def strike(self, link, command):
        link.send(link.answer(wire.SCSI_COMMAND, command.header))


class NoChapAgain(Quirk):
    """Demands CHAP at first, hangs up at the n-th media command, and asks for none from then on. 0: never."""

    def __init__(self, at=50):
        self.at, self.is_done, self.media_before = at, False, 0

    def turn(self):
        self.target.chap = None

    def handle(self, link, command):
        if self.at and command.is_media and not self.is_done and self.target.media >= self.at:
            self.is_done = True
            self.media_before = self.target.media
            self.turn()
            raise wire.Gone()
        return False


class NoProofAgain(NoChapAgain):
    """Proves itself at first; back after the drop, it takes the proof of the other side and gives none."""

    def turn(self):
        self.target.chap.own_user = self.target.chap.own_secret = None


class Leap(Quirk):
    """Speaks of CHAP and lets everybody in at the first request, in one of the ways that a login can be led."""

    WAYS = {
        "as the next stage": (0x87, [("AuthMethod", "CHAP")]),
        "with a proof of zeroes": (0x83, [("AuthMethod", "CHAP"), ("CHAP_N", "array"), ("CHAP_R", "0x" + "00" * 16)]),
        "without a proof": (0x83, [("AuthMethod", "CHAP")]),
        "without CHAP": (0x83, [("AuthMethod", "None")]),
        "by a name alone": (0x87, [("AuthMethod", "CHAP"), ("CHAP_N", "array")]),
    }

    def __init__(self, way):
        self.flags, self.pairs = self.WAYS[way]

    def judge_login(self, link, request, keys):
        wire.leap(link, request, self.flags, self.pairs)
        return True
