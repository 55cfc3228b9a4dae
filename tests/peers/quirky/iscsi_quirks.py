# SPDX-License-Identifier: Apache-2.0
"""What arrays do that the standards' plain reading does not suggest; one class each. No test by itself."""
import struct
import time

from . import iscsi_link as wire
from .iscsi import NOT_READY, READS, UNIT_ATTENTION, Quirk

OTHER_NAA = "600140500000000000000000000000ff"


class FromWrite(Quirk):
    """Strikes media commands from the n-th write on: what is only looked at before has passed."""

    def __init__(self, at=100):
        self.at = at

    def is_due(self, command):
        return command.is_media and self.target.writes >= self.at


class Swap(FromWrite):
    """Another LUN in the place of the LUN; `told` by a dropped session, or by an attention (ASC << 8 | ASCQ)."""

    def __init__(self, at=100, told="drop", naa=OTHER_NAA, serial=None, blocks=None, block_bytes=None, no_id=False):
        super().__init__(at)
        self.told, self.naa, self.serial, self.blocks = told, naa, serial, blocks
        self.block_bytes, self.no_id = block_bytes, no_id
        self.is_done = False
        self.writes_after = 0

    def handle(self, link, command):
        if not self.is_done and self.is_due(command):
            self.is_done = True
            self.target.tell("swap")
            if self.told == "drop":
                raise wire.Gone()
            if self.told == "event":
                link.send_async(0)
                self.writes_after -= command.is_write  # This one came before.
                return self.handle(link, command)
            self.target.check(link, command, UNIT_ATTENTION, self.told >> 8, self.told & 0xFF)
            return True
        self.writes_after += self.is_done and command.is_write
        return False

    def page(self, code, lun, body):
        if self.no_id and code == 0x83:
            return None
        if self.is_done and code == 0x83:
            return bytes([1, 3, 0, 16]) + bytes.fromhex(self.naa)
        return self.serial.encode() if self.is_done and code == 0x80 and self.serial else body

    def capacity(self, lun):
        if not self.is_done:
            return None
        return self.blocks or lun.blocks, self.block_bytes or lun.block_bytes


class SwapOfDesignators(Swap):
    """Of a LUN that its page of names knows by one designator (its head, value before and after)."""

    def __init__(self, head, before, after, **swap):
        super().__init__(**swap)
        self.head, self.values = bytes(head), (before, after)

    def page(self, code, lun, body):
        value = self.values[self.is_done]
        return self.head + bytes([0, len(value)]) + value if code == 0x83 else super().page(code, lun, body)


class SwapInStandby(Swap):
    """The other LUN has the same names, and keeps its size to itself."""

    def handle(self, link, command):
        if self.is_done and command.operation in (0x9E, 0x25):
            self.target.check(link, command, 2, 0x04, 0x0B)
            return True
        return super().handle(link, command)


class Attentions(FromWrite):
    """So many of them queued at one command; the question who it is clears none."""

    def __init__(self, codes, at=100):
        super().__init__(at)
        self.left = list(codes)

    def handle(self, link, command):
        if self.left and self.target.writes >= self.at and command.operation not in (0x12, 0xA0):
            code = self.left.pop(0)
            self.target.check(link, command, UNIT_ATTENTION, code >> 8, code & 0xFF)
            return True
        return False


class AttentionsForEver(FromWrite):
    def handle(self, link, command):
        if self.is_due(command):
            self.target.check(link, command, UNIT_ATTENTION, 0x2A, 0x01)
            return True
        return False


class AttentionsAfterLogin(Quirk):
    """A session that is not the first owes three attentions; the n-th write ends the first."""

    def __init__(self, at=100):
        self.at, self.dropped, self.owed = at, False, 0

    def handle(self, link, command):
        if not self.dropped and command.is_write and self.target.writes >= self.at:
            self.dropped, self.owed = True, 3
            raise wire.Gone()
        if self.owed and command.operation != 0x12:
            self.owed -= 1
            self.target.check(link, command, UNIT_ATTENTION, 0x29, 0x07)
            return True
        return False


class BrokenQuestion(FromWrite):
    """Back after a drop, the first answers to the question who it is are of no use: hardware errors."""

    def __init__(self, at=100, times=3):
        super().__init__(at)
        self.is_done, self.times = False, times

    def handle(self, link, command):
        if not self.is_done and self.is_due(command):
            self.is_done = True
            raise wire.Gone()
        if self.is_done and self.times and command.operation == 0x12:
            self.times -= 1
            self.target.check(link, command, 4, 0x44, 0)
            return True
        return False


class Drop(FromWrite):
    """Hangs up once."""

    is_done = False

    def handle(self, link, command):
        if not self.is_done and self.is_due(command):
            self.is_done = True
            raise wire.Gone()
        return False


class ForAWhile(FromWrite):
    """Refuses everything that moves data for so many seconds: by a status, or a sense."""

    def __init__(self, seconds, status=0, sense=0, at=50):
        super().__init__(at)
        self.seconds, self.status, self.sense, self.since = seconds, status, sense, None

    def handle(self, link, command):
        if not self.is_due(command):
            return False
        self.since = self.since or time.monotonic()
        if time.monotonic() - self.since >= self.seconds:
            return False
        if self.status:
            self.target.respond(link, command, self.status)
        else:
            self.target.check(link, command, self.sense >> 16, self.sense >> 8 & 0xFF, self.sense & 0xFF)
        return True


class NotReadyAtFirst(Quirk):
    """Becoming ready for so many seconds from the first question on."""

    def __init__(self, seconds=0.4):
        self.seconds, self.since = seconds, None

    def handle(self, link, command):
        self.since = self.since or time.monotonic()
        if command.operation in (0x12, 0xA0) or time.monotonic() - self.since >= self.seconds:
            return False
        self.target.check(link, command, NOT_READY, 0x04, 0x01)
        return True


class NeverReady(Quirk):
    """All but INQUIRY: becoming ready, for ever."""

    def handle(self, link, command):
        if command.operation in (0x12, 0xA0):
            return False
        self.target.check(link, command, NOT_READY, 0x04, 0x01)
        return True


class Refuse(FromWrite):
    """Every media command of a kind ends with this status, or this sense."""

    def __init__(self, status=0, sense=0, reads=True, at=0, descriptor=False):
        super().__init__(at)
        self.status, self.sense, self.reads, self.descriptor = status, sense, reads, descriptor

    def handle(self, link, command):
        if not self.is_due(command) or (command.operation in READS) != self.reads:
            return False
        if self.status:
            self.target.respond(link, command, self.status)
        else:
            self.target.check(link, command, self.sense >> 16, self.sense >> 8 & 0xFF, self.sense & 0xFF,
                              self.descriptor)
        return True


class ShortReads(Quirk):
    def read(self, link, command, data):
        self.target.give(link, command, data[:len(data) // 2])
        return True


class LongReads(Quirk):
    """All that was asked for, and word that there was more."""

    def read(self, link, command, data):
        out = link.answer(wire.DATA_IN, command.header, 0x81 | 0x04)
        struct.pack_into(">I", out, 44, 512)
        link.send(out, data)
        return True


class Redirect(Quirk):
    """Sends logins elsewhere, once or always; permanent or not; from the second login on if asked to."""

    def __init__(self, to, permanent=False, times=1 << 30, after_logins=0):
        self.to, self.permanent, self.times, self.after_logins = to, permanent, times, after_logins

    def judge_login(self, link, request, keys):
        if link.discovery or self.times == 0 or self.target.logins < self.after_logins:
            return
        self.times -= 1
        self.target.tell("redirect")
        wire.refuse_login(link, request, 0x0102 if self.permanent else 0x0101, [("TargetAddress", self.to + ",1")])


class RefuseLogin(Quirk):
    """With a status, for so many seconds."""

    def __init__(self, status, seconds=1e9):
        self.status, self.seconds, self.since = status, seconds, None

    def judge_login(self, link, request, keys):
        self.since = self.since or time.monotonic()
        if time.monotonic() - self.since < self.seconds:
            wire.refuse_login(link, request, self.status)


class Announce(FromWrite):
    """An asynchronous message, once; those that say so then hang up."""

    def __init__(self, event, time_to_wait=0, at=100):
        super().__init__(at)
        self.event, self.time_to_wait, self.is_done, self.came_back = event, time_to_wait, False, 0

    def handle(self, link, command):
        if not self.is_done and self.is_due(command):
            self.is_done, self.since = True, time.monotonic()
            link.send_async(self.event, self.time_to_wait)
            if self.event in (2, 3):
                raise wire.Gone()
        return False

    def judge_login(self, link, request, keys):
        if self.is_done and not self.came_back:
            self.came_back = time.monotonic() - self.since


class TargetsInPieces(Quirk):
    """The answer to SendTargets cut anywhere, with or without the C bit; a ping in between."""

    def __init__(self, piece_bytes=50, continues=True):
        self.piece_bytes, self.continues, self.pieces = piece_bytes, continues, 0

    def send_targets(self, link, request, text):
        offset = 0
        while True:
            piece, offset = text[offset:offset + self.piece_bytes], offset + self.piece_bytes
            self.pieces += 1
            is_last = offset >= len(text)
            out = link.answer(wire.TEXT_RESPONSE, request, wire.FINAL if is_last else wire.CONTINUE * self.continues)
            if not is_last:
                struct.pack_into(">I", out, 20, 77)
            link.send(out, piece)
            if is_last:
                return True
            if self.pieces == 1:
                link.ping()
            while True:
                request, _ = link.receive()
                link.took(request)
                if request[0] & 0x3F == wire.TEXT:
                    break
                self.target.tell("pong")


class TargetsWithoutEnd(Quirk):
    def send_targets(self, link, request, text):
        while True:
            out = link.answer(wire.TEXT_RESPONSE, request, wire.CONTINUE)
            struct.pack_into(">I", out, 20, 77)
            link.send(out, text * 100)
            request, _ = link.receive()
            link.took(request)


class NamesThatOrder(Quirk):
    """Names with orders to a terminal and with ends of lines: of a target when asked, of itself at login."""

    NAME = "iqn.2026-01.org.quirk:a\x1b]0;owned\x07\x1b[2J\nLUN 0: forged, unique id \u202e\u009b31m"

    def send_targets(self, link, request, text):
        pairs = [("TargetName", self.NAME), ("TargetAddress", f"{self.target.address},1")]
        link.send(link.answer(wire.TEXT_RESPONSE, request), wire.texts(pairs))
        return True

    def login_keys(self):
        return [("TargetAlias", self.NAME)]


class NoPages(Quirk):
    def page(self, code, lun, body):
        return None


class OldCommands(Quirk):
    """Neither READ CAPACITY(16) nor MODE SENSE nor reservations."""

    def handle(self, link, command):
        if command.operation in (0x9E, 0x5A, 0x5E):
            self.target.check(link, command, 5, 0x20, 0)
            return True
        return False


class GoneAfterDrop(Drop):
    """Back after the drop, the LUN is not there for a while: no other one either."""

    def __init__(self, at=100, seconds=0.5):
        super().__init__(at)
        self.seconds, self.since = seconds, None

    def handle(self, link, command):
        if self.is_done:
            self.since = self.since or time.monotonic()
            if time.monotonic() - self.since < self.seconds:
                self.target.check(link, command, 5, 0x25, 0)
                return True
        return super().handle(link, command)


class Pings(Quirk):
    def handle(self, link, command):
        if command.is_media and self.target.media % 20 == 0:
            link.ping()
        return False


class DigestsOnlyAtFirst(Drop):
    """Agrees to digests, hangs up at the n-th media command, and agrees no more."""

    def is_due(self, command):
        return command.is_media and self.target.media >= self.at

    def judge_login(self, link, request, keys):
        self.target.header_digest = not self.is_done


class LyingList(Quirk):
    """Says that there are half a milliard LUNs, and lists one."""

    def lun_count(self):
        return 0x1FFFFFFF


class Restless(Quirk):
    """Its capacity has changed, whenever it is asked."""

    asked = 0

    def handle(self, link, command):
        if command.operation in (0x00, 0x9E):
            self.asked += 1
            if self.asked % 2:
                self.target.check(link, command, UNIT_ATTENTION, 0x2A, 0x09)
                return True
        return False


class ManyLuns(Quirk):
    """Says that there are more, by every form of address."""

    def __init__(self, count):
        self.count = count

    def lun_fields(self, fields):
        listed = [number if number < 256 else number | 0x4000 for number in range(2, 2 + self.count)]
        odd = [0xD2000001 << 32, 0x0001000200000000]
        return fields + [field << 48 for field in listed] + odd



class Owes(Quirk):
    """So many attentions of one kind when it is opened."""

    def __init__(self, count):
        self.left = count

    def handle(self, link, command):
        if command.operation not in (0x00, 0x9E) or not self.left:
            return False
        self.left -= 1
        self.target.check(link, command, UNIT_ATTENTION, 0x2A, 0x01)
        return True


class NoNames(Quirk):
    """Without the page of names: only serials are left."""

    def page(self, code, lun, body):
        return None if code == 0x83 else body


class HidesSerial(Quirk):
    """One LUN that does not tell its serial."""

    def __init__(self, number):
        self.number = number

    def page(self, code, lun, body):
        return None if code == 0x80 and lun.number == self.number else body


class ListsNothing(Quirk):
    """No LUN is listed, not even the one that answers."""

    def lun_fields(self, fields):
        return []


class ListsOnly(Quirk):
    """Other LUNs answer, and no list shows them."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def lun_fields(self, fields):
        return [field for field in fields if field >> 48 & 0x3FFF in self.numbers]


class NoList(Quirk):
    """REPORT LUNS is refused."""

    def lun_fields(self, fields):
        return None


class Window(Quirk):
    """It takes so many commands at a time."""

    def __init__(self, commands):
        self.commands = commands

    def handle(self, link, command):
        link.window = self.commands
        return False
