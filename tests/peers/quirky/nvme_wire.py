# SPDX-License-Identifier: Apache-2.0
"""NVMe/TCP PDUs as a target reads and writes them (NVMe/TCP Transport 1.0, section 3.6)."""
import struct
import threading

IC_RESP, H2C_TERM, CAPSULE_CMD, CAPSULE_RESP, H2C_DATA, C2H_DATA, R2T = 1, 2, 4, 5, 6, 7, 9
HEADER_DIGEST, DATA_DIGEST, LAST = 1, 2, 4
DNR = 0x8000
DISCOVERY_NQN = "nqn.2014-08.org.nvmexpress.discovery"


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


class Closed(Exception):
    """The host, or the target's own quirk, has ended the connection."""


class Link:
    """One connection: whole PDUs in and out, with the digests that were agreed on."""

    def __init__(self, socket):
        self.socket = socket
        self.lock = threading.Lock()  # Events are told from another connection's thread.
        self.header_digest = self.data_digest = False
        self.spoil_header = self.spoil_data = 0  # How many of the next PDUs carry a wrong digest.

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise Closed
            data += more
        return data

    def pdu(self):
        """Type, header and data of the next PDU."""
        head = self.receive(8)
        kind, _, header_bytes, offset, whole = struct.unpack("<BBBBI", head)
        rest = head + self.receive(whole - 8)
        data = rest[offset:] if offset else b""
        if data and self.data_digest:
            data, digest = data[:-4], data[-4:]
            assert digest == crc32c(data), "the host's data digest does not fit"
        if self.header_digest and kind != H2C_TERM:  # Which has none (3.6.2.4).
            digest = rest[header_bytes:header_bytes + 4]
            assert digest == crc32c(rest[:header_bytes]), "the host's header digest does not fit"
        return kind, rest[:header_bytes], data

    def send(self, kind, flags, body, data=b""):
        with self.lock:
            self.socket.sendall(self.encoded(kind, flags, body, data))

    def encoded(self, kind, flags, body, data):
        length = 8 + len(body)
        offset = length + (4 if self.header_digest else 0)
        whole = offset + len(data) + (4 if data and self.data_digest else 0)
        flags |= (HEADER_DIGEST if self.header_digest else 0) | (DATA_DIGEST if data and self.data_digest else 0)
        out = struct.pack("<BBBBI", kind, flags, length, offset if data else 0, whole) + body
        if self.header_digest:
            digest = crc32c(out)
            if self.spoil_header:
                self.spoil_header -= 1
                digest = bytes(4)
            out += digest
        out += data
        if data and self.data_digest:
            digest = crc32c(data)
            if self.spoil_data:
                self.spoil_data -= 1
                digest = bytes(4)
            out += digest
        return out


class Command:
    """A submission queue entry."""

    def __init__(self, entry, data):
        self.opcode = entry[0]
        self.id, self.nsid = struct.unpack("<HI", entry[2:8])
        self.bytes = struct.unpack("<I", entry[32:36])[0]
        self.dwords = struct.unpack("<6I", entry[40:64])
        self.lba = self.dwords[0] | self.dwords[1] << 32
        self.blocks = (self.dwords[2] & 0xFFFF) + 1
        self.entry = entry
        self.data = data
