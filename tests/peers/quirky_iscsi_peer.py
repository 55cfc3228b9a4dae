#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arrays as they are: every quirk of the iSCSI target is met, the bench says what it must, and an honest target is
not accused. What must not happen (a write to another LUN, a lost command) is counted by the target."""
import concurrent.futures
import os
import socket
import sys
import tempfile

from emulated_array import arraybench, run
from quirky import iscsi_quirks as quirk
from quirky.iscsi import IQN, Lun, Target
from quirky.iscsi_link import Chap

OTHER = quirk.OTHER_NAA
USUAL = Lun().naa


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def bench(*arguments, **environment):
    # One run holds a LUN; the cases run side by side and their targets show the same one.
    with tempfile.TemporaryDirectory() as leases:
        return run([arraybench(), *arguments], timeout=50,
                   env={**os.environ, "ARRAYBENCH_LEASES": os.path.join(leases, "own"), **environment})


def load(url, *options, rw="randwrite", runtime="0.4", identity=USUAL):
    depth = [] if any(option.startswith("--iodepth") for option in options) else ["--iodepth=2"]
    return bench("load", url, f"--rw={rw}", "--bs=4k", *depth, f"--runtime={runtime}", "--progress", "none",
                 "--destroy", identity, *options)


def good(answer, *words):
    code, text = answer
    expect(code in (0, 7), f"exit {code}\n{text}")  # 7: this host was too busy to be on time.
    expect("ERROR" not in text, text)
    says(answer, *words)


def bad(answer, code, *words):
    expect(answer[0] == code, f"exit {answer[0]}, wanted {code}\n{answer[1]}")
    says(answer, *words)


def says(answer, *words):
    for word in words:
        expect(word in answer[1], f"\"{word}\" is not said:\n{answer[1]}")


# An honest one.

def honest_target():
    with Target() as target:
        good(load(target.url(), rw="randrw"))
        good(bench("probe", target.url()), USUAL, "8MiB")
        expect(target.logins > 0 and target.writes > 0, target.told)


# Never the wrong LUN.

def swapped(*swap, luns=None, identity=USUAL, words=("another LUN answers",)):
    what = quirk.Swap(*swap[0:1], **(swap[1] if len(swap) > 1 else {}))
    with Target(what, luns=luns) as target:
        answer = load(target.url(), identity=identity)
        # Two were on their way when it was told; nothing is sent from then on.
        allowed = 0 if what.told == "drop" else 1
        expect(what.is_done, "the swap did not come about")
        expect(what.writes_after <= allowed, f"{what.writes_after} writes to another LUN\n{answer[1]}")
        expect(answer[0] in (3, 4), answer[1])


def another_lun_after_a_drop():
    swapped(100, words=("another LUN answers", USUAL, OTHER))


def another_lun_after_inquiry_data_changed():
    swapped(100, {"told": 0x3F03}, words=("another LUN answers", USUAL, OTHER))


def another_lun_after_reported_luns_changed():
    swapped(100, {"told": 0x3F0E})


def another_lun_after_a_reset():
    swapped(100, {"told": 0x2900})


def another_lun_after_an_event():
    swapped(100, {"told": "event"})


def another_size_after_capacity_changed():
    swapped(100, {"told": 0x2A09, "naa": USUAL, "blocks": 8192}, words=("16384 blocks", "8192 blocks"))


def another_block_size_after_a_drop():
    swapped(100, {"naa": USUAL, "blocks": 2048, "block_bytes": 4096}, words=("blocks of 4096 bytes",))


def another_serial_where_there_is_no_id():
    swapped(100, {"serial": "OTHER001", "no_id": True}, identity="QUIRKY01", words=("serial OTHER001",))


def another_lun_by_every_kind_of_name():
    uuid, other_uuid = bytes(range(16)), bytes(range(1, 17))
    kinds = (((1, 0xA), b"\x10\0" + uuid, b"\x10\0" + other_uuid, uuid.hex()),
             ((2, 1), b"QUIRKY  vol-1111", b"QUIRKY  vol-2222", b"QUIRKY  vol-1111".hex()),
             ((3, 8), b"naa.60014050000000a1\0\0\0\0", b"naa.60014050000000ff\0\0\0\0", "60014050000000a1"),
             ((1, 2), bytes(8), bytes(8), None))
    for head, before, after, name in kinds:
        for told in ("drop", 0x3F03):
            what = quirk.SwapOfDesignators(head, before, after, told=told, serial=None if name else "OTHER001")
            with Target(what) as target:
                answer = load(target.url(), identity=name or "QUIRKY01")
                expect(what.is_done and what.writes_after <= (told != "drop"), f"{what.writes_after} {answer[1]}")
                bad(answer, 4, "another LUN answers")


def another_lun_that_keeps_its_size_to_itself():
    what = quirk.SwapInStandby(naa=USUAL, blocks=100)
    with Target(what) as target:
        answer = load(target.url())
        expect(what.is_done and what.writes_after == 0, f"{what.writes_after} writes\n{answer[1]}")


def another_lun_beyond_the_window():
    for told in (0x3F0E, "event"):
        what = quirk.Swap(told=told)
        with Target(quirk.Window(32), what) as target:
            answer = load(target.url(), "--iodepth=128")
            expect(what.is_done and what.writes_after <= 32, f"{what.writes_after} writes\n{answer[1]}")
            bad(answer, 4, "another LUN answers")


def changed_but_the_same():
    for code in (0x3F03, 0x3F0E, 0x2A09, 0x3F05, 0x2900, 0x2903):
        with Target(quirk.Attentions([code])) as target:
            good(load(target.url(), runtime="0.2"))


def an_answer_of_no_use_is_no_other_lun():
    with Target(quirk.BrokenQuestion()) as target:
        answer = load(target.url(), runtime="1")
        expect("another LUN" not in answer[1] and target.logins > 2 and target.writes > 200, answer[1])


def no_lun_for_a_while_is_no_other_lun():
    with Target(quirk.GoneAfterDrop()) as target:
        answer = load(target.url(), runtime="1.5")
        expect("another LUN" not in answer[1], answer[1])
        expect(target.logins > 2, target.told)


# What passes by itself.

def two_attentions_at_one_command():
    with Target(quirk.Attentions([0x2A01, 0x2A06])) as target:
        good(load(target.url()))


def fifteen_attentions_at_one_command():
    with Target(quirk.Attentions([0x2A01] * 15)) as target:
        good(load(target.url(), "--iodepth=1"))


def attentions_without_end():
    with Target(quirk.AttentionsForEver()) as target:
        bad(load(target.url(), runtime="0.2"), 3, "UNIT ATTENTION", "062a01")


def attentions_after_a_new_login():
    with Target(quirk.AttentionsAfterLogin()) as target:
        answer = load(target.url(), "--iodepth=1")
        expect("062907" not in answer[1], answer[1])


def full_queue_for_a_while():
    with Target(quirk.ForAWhile(0.3, status=0x28)) as target:
        good(load(target.url(), runtime="0.8"))


def busy_for_a_while():
    with Target(quirk.ForAWhile(0.3, status=0x08)) as target:
        good(load(target.url(), runtime="0.8"))


def aborted_by_another_initiator():
    with Target(quirk.ForAWhile(0.1, status=0x40)) as target:
        good(load(target.url(), runtime="0.5"))


def alua_transition_for_a_while():
    with Target(quirk.ForAWhile(0.3, sense=0x02040A)) as target:
        good(load(target.url(), runtime="0.8"))


def becoming_ready_while_it_is_asked():
    with Target(quirk.NotReadyAtFirst()) as target:
        good(bench("probe", target.url()), USUAL)


def login_refused_for_a_while():
    with Target(quirk.RefuseLogin(0x0301, 0.3)) as target:
        good(bench("probe", target.url()), USUAL)


def pings():
    with Target(quirk.Pings()) as target:
        good(load(target.url()))
        expect("pong" in target.told, target.told)


# Where it is.

def moved_for_now_and_back():
    with Target(quirk.Drop()) as member, Target() as group:
        group.quirks = (quirk.Redirect(member.address, times=2),)
        group.quirks[0].target = group
        answer = load(group.url(), runtime="1")
        expect(member.writes >= 100, f"{member.told}\n{answer[1]}")
        expect(group.told.count("redirect") == 2 and "login" in group.told and group.writes > 0, group.told)


def moved_for_good():
    with Target() as new:
        with Target(quirk.Redirect(new.address, permanent=True)) as old:
            good(bench("probe", old.url()), USUAL, f"path {new.address}")


def moved_in_circles():
    with Target() as one:
        with Target(quirk.Redirect(one.address)) as two:
            one.quirks = (quirk.Redirect(two.address),)
            one.quirks[0].target = one
            bad(bench("probe", two.url()), 3, "in circles")


def moved_while_it_is_sought_again():
    with Target() as new:
        with Target(quirk.Drop(), quirk.Redirect(new.address, after_logins=2)) as old:
            answer = load(old.url(), runtime="1")
            expect(new.writes > 0, f"{old.told} {new.told}\n{answer[1]}")


def discovery_is_moved_too():
    with Target() as new:
        with Target() as old:
            class Always(quirk.Redirect):
                def judge_login(self, link, request, keys):
                    quirk.wire.refuse_login(link, request, 0x0101, [("TargetAddress", self.to + ",1")])
            old.quirks = (Always(new.address),)
            good(bench("probe", f"iscsi://{old.address}"), f"{IQN} {new.address}")


def asked_to_log_out():
    with Target(quirk.Announce(1)) as target:
        good(load(target.url(), runtime="1"))
        expect("logout" in target.told, target.told)


def asked_to_negotiate_anew():
    with Target(quirk.Announce(4)) as target:
        good(load(target.url(), runtime="1"))


def dropped_with_a_time_to_wait():
    for event in (2, 3):
        drop = quirk.Announce(event, time_to_wait=1)
        with Target(drop) as target:
            good(load(target.url(), runtime="2"))
            expect(drop.came_back >= 0.99, f"back after {drop.came_back} s")


def one_portal_is_dead():
    with Target() as target, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{dead.getsockname()[1]}"
        url = f"iscsi://{target.address},{place}/{IQN}/1"
        good(bench("probe", url), USUAL, f"path {target.address}", place, "UNREACHABLE")
        good(load(url, "--paths", "any"), place, "UNREACHABLE")
        bad(load(url), 3, place)
        good(bench("probe", f"iscsi://{target.address},{place}"), IQN, f"portal {place} UNREACHABLE")


# Who is there.

def targets_in_pieces():
    portals = [f"192.0.2.{i}:3260,{i}" for i in range(1, 9)]
    for continues in (True, False):
        cut = quirk.TargetsInPieces(37, continues)
        with Target(cut, portals=portals) as target:
            good(bench("probe", f"iscsi://{target.address}"), *(f"{IQN} {portal}" for portal in portals))
            expect(cut.pieces > 4 and "pong" in target.told, target.told)


def targets_without_end():
    with Target(quirk.TargetsWithoutEnd()) as target:
        bad(bench("probe", f"iscsi://{target.address}"), 3, "without end")


def names_that_order_a_terminal_about():
    with Target(quirk.NamesThatOrder()) as target:
        for answer in (bench("probe", f"iscsi://{target.address}"), bench("probe", target.url())):
            good(answer, "owned")
            raw = [letter for letter in answer[1] if letter != "\n" and (ord(letter) < 32 or letter in "\x7f\x9b\u202e")]
            expect(not raw, f"raw: {raw!r}")
            expect("\nLUN 0: forged" not in answer[1], answer[1])


def luns_of_every_kind():
    with Target(quirk.ManyLuns(600), luns=[Lun(1), Lun(300, naa=OTHER, serial="QUIRKY02")]) as target:
        answer = bench("probe", f"iscsi://{target.address}/{IQN}")
        good(answer, f"LUN 1: a disk, QUIRKY TARGET, serial QUIRKY01, unique id {USUAL}, 8MiB of 512 byte blocks",
             f"LUN 300: a disk, QUIRKY TARGET, serial QUIRKY02, unique id {OTHER}", "LUN 601",
             "(well known: REPORT LUNS): a well known logical unit", "extended flat", "in several levels")


def lun_number_above_255():
    with Target(luns=[Lun(4660)]) as target:
        good(load(target.url()))


def lun_by_flat_addressing_only():
    with Target(luns=[Lun(5, flat=True)]) as target:
        good(load(target.url()))


def luns_that_are_not_ready():
    with Target(quirk.NeverReady(), luns=[Lun(1), Lun(2)]) as target:
        good(bench("probe", f"iscsi://{target.address}/{IQN}"), "LUN 2: a disk", "not ready", "becoming ready")


def list_that_lies():
    with Target(quirk.LyingList()) as target:
        answer = bench("probe", f"iscsi://{target.address}/{IQN}")
        good(answer, "LUN 1: a disk", "says it has 536870911 LUNs")
        expect(answer[1].count("LUN 0:") == 0, answer[1])


def many_attentions_while_it_is_opened():
    with Target(quirk.Owes(40)) as target:
        good(bench("probe", target.url()), USUAL)


def changing_whenever_asked():
    with Target(quirk.Restless()) as target:
        bad(bench("probe", target.url()), 3, "again and again", "capacity data has changed")


def login_refused_for_too_long():
    with Target(quirk.RefuseLogin(0x0302)) as target:
        bad(bench("probe", target.url(), "--login-timeout", "500ms"), 3, "esources")


def moved_to_another_lun():
    with Target(luns=[Lun(naa=OTHER)]) as other:
        with Target(quirk.Drop(), quirk.Redirect(other.address, after_logins=2)) as target:
            load(target.url())
            expect(other.logins > 0 and other.writes == 0, f"{other.told}: {other.writes} writes")


def no_such_lun():
    with Target() as target:
        bad(bench("probe", target.url(9)), 3, "no such LUN")


def shared_serial():
    shared = "its serial is also that of LUN"
    for other in (Lun(2), Lun(2, serial=" quirky01 ")):
        with Target(quirk.NoNames(), luns=[Lun(1), other]) as target:
            bad(load(target.url(), identity="QUIRKY01"), 4, shared + " 2")
            expect(target.writes == 0, f"{target.writes} writes")
    with Target(quirk.NoNames(), luns=[Lun(1), Lun(2, serial="QUIRKY02")]) as target:
        good(load(target.url(), identity="QUIRKY01"))
    for hides in (quirk.HidesSerial(2), quirk.ListsNothing()):
        with Target(quirk.NoNames(), hides, luns=[Lun(1), Lun(2, serial="QUIRKY02")]) as target:
            bad(load(target.url(), identity="QUIRKY01"), 4, shared)
            expect(target.writes == 0, f"{target.writes} writes")
    # Siblings that no list shows are asked for by themselves.
    for lists in (quirk.ListsOnly(1), quirk.NoList()):
        for other in (Lun(0), Lun(2), Lun(9), Lun(15, flat=True)):
            with Target(quirk.NoNames(), lists, luns=[Lun(1), other]) as target:
                bad(load(target.url(), identity="QUIRKY01"), 4, shared + f" {other.number}")
                expect(target.writes == 0, f"{target.writes} writes")
        with Target(quirk.NoNames(), lists, luns=[Lun(1), Lun(2, serial="QUIRKY02")]) as target:
            good(bench("probe", target.url()), "its serial; no other LUN seen on this target has it, 30 asked")
            good(load(target.url(), identity="QUIRKY01"))
    with Target(quirk.NoNames(), quirk.ListsOnly(100), luns=[Lun(100), Lun(103)]) as target:
        bad(load(target.url(100), identity="QUIRKY01"), 4, shared + " 103")
    with Target(quirk.NoNames(), quirk.ListsOnly(1, 5), luns=[Lun(1), Lun(5, serial="QUIRKY02"), Lun(6)]) as target:
        bad(load(target.url(), identity="QUIRKY01"), 4, shared + " 6")
    with Target(quirk.NoPages()) as target:
        good(bench("probe", target.url()))
    with Target(luns=[Lun(1), Lun(2)]) as target:
        good(bench("probe", target.url()))


# What it is.

def blocks_of_520():
    with Target(luns=[Lun(block_bytes=520)]) as target:
        bad(bench("probe", target.url()), 3, "block size 520", "not supported", "512")


def blocks_of_4096():
    with Target(luns=[Lun(block_bytes=4096, blocks=2048)]) as target:
        good(load(target.url(), "--verify", "full", rw="randrw"))


def old_commands():
    with Target(quirk.OldCommands()) as target:
        good(bench("probe", target.url()), USUAL, "8MiB")
        good(load(target.url()))


def reservation_conflict():
    with Target(quirk.Refuse(status=0x18, reads=False)) as target:
        bad(load(target.url()), 3, "SCSI status 18 (RESERVATION CONFLICT)")


def thin_pool_exhausted():
    with Target(quirk.Refuse(sense=0x072707, reads=False)) as target:
        bad(load(target.url()), 3, "DATA PROTECT", "thin pool is exhausted", "072707")


def write_protected():
    with Target(quirk.Refuse(sense=0x072700, reads=False)) as target:
        bad(load(target.url()), 3, "write protected", "072700")


def medium_error():
    for descriptor in (False, True):
        with Target(quirk.Refuse(sense=0x031100, descriptor=descriptor)) as target:
            bad(load(target.url(), rw="randread"), 3, "MEDIUM ERROR", "unrecovered read error", "031100")


def short_reads():
    with Target(quirk.ShortReads()) as target:
        bad(load(target.url(), rw="randread", runtime="0.2"), 3, "residual underflow")


def long_reads():
    with Target(quirk.LongReads()) as target:
        bad(load(target.url(), rw="randread", runtime="0.2"), 3, "residual overflow")


# How one gets in.

def header_digests():
    with Target(header_digest=True) as target:
        good(load(target.url() + "?header_digest=1", rw="randrw"))
        good(bench("probe", target.url() + "?header_digest=1"), "HeaderDigest", "CRC32C")
        good(bench("probe", f"iscsi://{target.address}?header_digest=1"), IQN)
    with Target() as target:
        bad(bench("probe", target.url() + "?header_digest=1"), 3, "header digests")
        bad(bench("probe", target.url() + "?data_digest=1"), 2, "libiscsi")


def digests_only_at_first():
    with Target(quirk.DigestsOnlyAtFirst()) as target:
        answer = bench("load", target.url() + "?header_digest=1", "--rw=randread", "--bs=4k", "--runtime=0.8",
                       "--progress", "none")
        expect(answer[0] in (3, 6), f"exit {answer[0]}\n{answer[1]}")
        expect(target.media < 200, "went on without digests")


def chap_both_ways():
    secrets = {"ARRAYBENCH_CHAP_SECRET": "our-secret-12345", "ARRAYBENCH_MUTUAL_CHAP_SECRET": "their-secret-123"}
    with Target(chap=Chap("host", "our-secret-12345", "array", "their-secret-123")) as target:
        url = target.url().replace("iscsi://", "iscsi://host@")
        portal = f"iscsi://host@{target.address}"
        for place in (url, portal):
            good(bench("probe", place, **secrets))
            good(bench("probe", place, "--mutual-user", "array", **secrets))
            bad(bench("probe", place, "--mutual-user", "somebody", **secrets), 3)
            bad(bench("probe", place, **{"ARRAYBENCH_CHAP_SECRET": "not-the-secret-1"}), 3, "uthenti")


def portal_of_ipv6():
    with Target(family=socket.AF_INET6) as target:
        good(load(target.url()))
        good(bench("probe", f"iscsi://{target.address}"), f"{IQN} {target.address}")


def meet(case):
    name, test = case
    try:
        test()
        return name, ""
    except Failed as why:
        return name, str(why)


def meet_all(names, hands=4):
    """Every function of a module without arguments, or those that the command line names."""
    cases = [(name, value) for name, value in names.items()
             if callable(value) and not isinstance(value, type) and value.__module__ == names["__name__"]
             and value.__code__.co_argcount == 0 and not value.__code__.co_flags & 0x0C]
    chosen = [case for case in cases if not sys.argv[1:] or case[0] in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(hands) as pool:
        met = list(pool.map(meet, chosen))
    for name, why in met:
        print(f"{'FAILED' if why else 'met'}: {name.replace('_', ' ')}{': ' + why if why else ''}")
    sys.exit(1 if not met or any(why for _, why in met) else 0)


if __name__ == "__main__":
    meet_all(globals())
