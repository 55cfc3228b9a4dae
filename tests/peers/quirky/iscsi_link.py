# SPDX-License-Identifier: Apache-2.0
"""One iSCSI connection as a target sees it: PDUs, serial numbers, the login (RFC 7143). No test by itself."""
import hashlib
import os
import struct

NO_TAG = 0xFFFFFFFF
FINAL, CONTINUE = 0x80, 0x40

NOP_OUT, SCSI_COMMAND, TASK, LOGIN, TEXT, DATA_OUT, LOGOUT = range(7)
NOP_IN, SCSI_RESPONSE, TASK_RESPONSE, LOGIN_RESPONSE, TEXT_RESPONSE, DATA_IN, LOGOUT_RESPONSE = range(0x20, 0x27)
READY_TO_TRANSFER, ASYNC = 0x31, 0x32


class Gone(Exception):
    """The connection is over, by either side's doing."""


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = _crc_table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ CRC_TABLE[(value ^ byte) & 0xFF]
    return struct.pack("<I", value ^ 0xFFFFFFFF)


def word(header, at):
    return struct.unpack_from(">I", header, at)[0]


class Link:
    """Reads requests and sends answers with the numbers that are due."""

    def __init__(self, connection):
        self.connection = connection
        self.status_number = 1
        self.command_number = 1
        self.window = 64
        self.their_segment = 8192
        self.transfer_tag = 0x1000
        self.digests = False
        self.waiting = []  # Read ahead while data was waited for.
        self.discovery = False

    def _read(self, count):
        out = b""
        while len(out) < count:
            piece = self.connection.recv(count - len(out))
            if not piece:
                raise Gone()
            out += piece
        return out

    def receive(self):
        header = self._read(48)
        self._read(header[4] * 4)
        if self.digests and self._read(4) != crc32c(header):
            raise Gone()
        count = int.from_bytes(header[5:8], "big")
        return header, self._read(count + -count % 4)[:count]

    def next(self):
        return self.waiting.pop(0) if self.waiting else self.receive()

    def next_data(self, tag):
        """Data-Out for one task; what else comes meanwhile waits."""
        while True:
            for index, (header, data) in enumerate(self.waiting):
                if header[0] & 0x3F == DATA_OUT and header[16:20] == tag:
                    del self.waiting[index]
                    return header, data
            self.waiting.append(self.receive())

    def took(self, header):
        """A command has come: the window moves on."""
        if not header[0] & 0x40:
            self.command_number = word(header, 24) + 1 & 0xFFFFFFFF

    def answer(self, opcode, request, flags=FINAL):
        out = bytearray(48)
        out[0], out[1] = opcode, flags
        out[16:20] = request[16:20]
        out[20:24] = b"\xff" * 4
        return out

    def send(self, header, data=b"", counts=True):
        """`counts`: it bears a status number of its own."""
        struct.pack_into(">III", header, 24, self.status_number, self.command_number, self.command_number + self.window - 1)
        self.status_number += 1 if counts else 0
        header[5:8] = len(data).to_bytes(3, "big")
        digest = crc32c(header) if self.digests else b""
        self.connection.sendall(bytes(header) + digest + data + bytes(-len(data) % 4))

    def request_data(self, request, offset, count, number):
        out = bytearray(48)
        out[0], out[1] = READY_TO_TRANSFER, FINAL
        out[8:20] = request[8:20]
        self.transfer_tag += 1
        struct.pack_into(">I", out, 20, self.transfer_tag)
        struct.pack_into(">III", out, 36, number, offset, count)
        self.send(out, counts=False)

    def send_async(self, event, time_to_wait=0):
        out = bytearray(48)
        out[0], out[1] = ASYNC, FINAL
        out[16:20] = b"\xff" * 4
        out[36] = event
        struct.pack_into(">HHH", out, 38, 1 if event in (1, 4) else 0, time_to_wait, 20)
        self.send(out)

    def ping(self):
        """A NOP-In that wants an answer."""
        out = bytearray(48)
        out[0], out[1] = NOP_IN, FINAL
        out[16:20] = b"\xff" * 4
        self.transfer_tag += 1
        struct.pack_into(">I", out, 20, self.transfer_tag)
        self.send(out, counts=False)


class Chap:
    """What a login is held to: the initiator's name and secret, and ours if it asks."""

    def __init__(self, user, secret, own_user="", own_secret=""):
        self.user, self.secret, self.own_user, self.own_secret = user, secret, own_user, own_secret
        self.identifier, self.challenge = 7, os.urandom(16)

    @staticmethod
    def response(identifier, secret, challenge):
        return hashlib.md5(bytes([identifier]) + secret.encode() + challenge).digest()

    def step(self, keys, out):
        """True once the initiator has proved itself; Gone if it has not."""
        if "CHAP_R" in keys:
            wanted = self.response(self.identifier, self.secret, self.challenge)
            if keys.get("CHAP_N") != self.user or keys["CHAP_R"].lower() != "0x" + wanted.hex():
                raise PermissionError
            if "CHAP_C" in keys and self.own_secret is not None:  # None: it does not prove itself, though asked.
                theirs = bytes.fromhex(keys["CHAP_C"][2:])
                proof = self.response(int(keys["CHAP_I"], 0), self.own_secret, theirs)
                out += [("CHAP_N", self.own_user), ("CHAP_R", "0x" + proof.hex())]
            return True
        if "CHAP_A" in keys:
            out += [("CHAP_A", "5"), ("CHAP_I", str(self.identifier)), ("CHAP_C", "0x" + self.challenge.hex())]
        else:
            out += [("AuthMethod", "CHAP")]
        return False


def texts(pairs):
    return b"".join(f"{key}={value}\0".encode() for key, value in pairs)


def keys_in(data):
    pairs = (piece.decode("ascii", "replace").split("=", 1) for piece in data.split(b"\0") if b"=" in piece)
    return dict(pairs)


def refuse_login(link, request, status, pairs=()):
    out = link.answer(LOGIN_RESPONSE, request, 0)
    out[8:16] = request[8:16]
    struct.pack_into(">I", out, 20, 0)
    struct.pack_into(">H", out, 36, status)
    link.send(out, texts(pairs))
    raise Gone()


ANSWERS = {"InitialR2T": "Yes", "ImmediateData": "Yes", "MaxRecvDataSegmentLength": "65536", "MaxBurstLength": "262144",
           "FirstBurstLength": "65536", "MaxOutstandingR2T": "1", "DefaultTime2Wait": "2", "DefaultTime2Retain": "0",
           "MaxConnections": "1", "ErrorRecoveryLevel": "0", "DataPDUInOrder": "Yes", "DataSequenceInOrder": "Yes",
           "HeaderDigest": "None", "DataDigest": "None", "IFMarker": "No", "OFMarker": "No"}


def leap(link, request, flags, pairs):
    """Ends a login at once, in whatever stage it is said to be."""
    out = link.answer(LOGIN_RESPONSE, request, flags)
    out[8:16] = request[8:16]
    struct.pack_into(">I", out, 20, 0)
    struct.pack_into(">H", out, 14, 1)
    link.send(out, texts(pairs))


def log_in(link, judge, chap=None, header_digest=False, more=()):
    """To the full feature phase. `judge(link, request, keys)` may end it by refuse_login. `more` is said at its end."""
    known, judged = {}, False
    while True:
        request, data = link.receive()
        if request[0] & 0x3F != LOGIN:
            raise Gone()
        keys = keys_in(data)
        known.update(keys)
        link.command_number = word(request, 24)
        stage, wants, transits = request[1] >> 2 & 3, request[1] & 3, request[1] & 0x80
        link.discovery = known.get("SessionType") == "Discovery"
        if not judged:
            if judge(link, request, known):
                return known  # Let in already.
            judged = True
        pairs = []
        if stage == 0:
            try:
                proven = chap is None or chap.step(keys, pairs)
            except PermissionError:
                refuse_login(link, request, 0x0201)
            if chap is None and "AuthMethod" in keys:
                pairs.append(("AuthMethod", "None"))
            flags = (0x80 | wants) if transits and proven else 0
        else:
            digest = header_digest and "CRC32C" in keys.get("HeaderDigest", "")
            for key in keys:
                if key in ANSWERS:
                    pairs.append((key, "CRC32C" if key == "HeaderDigest" and digest else ANSWERS[key]))
            link.their_segment = int(known.get("MaxRecvDataSegmentLength", 8192))
            flags = 0x04 | (0x80 | wants if transits else 0)
            link.wants_digests = getattr(link, "wants_digests", False) or digest
        out = link.answer(LOGIN_RESPONSE, request, flags)
        out[8:16] = request[8:16]
        struct.pack_into(">I", out, 20, 0)
        is_over = flags & 0x83 == 0x83
        if is_over:
            pairs += more
            struct.pack_into(">H", out, 14, 1)
        link.send(out, texts(pairs))
        if is_over:
            link.digests = getattr(link, "wants_digests", False)
            return known
