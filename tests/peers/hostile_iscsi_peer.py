#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arrays that attack: each ends its own load within seconds, named for what it did, while the bench's memory stays
flat; and in a run the other array's rounds all complete. An honest target is not accused."""
import hashlib
import os
import shutil
import tempfile

from hostile_runs import Watched, plan_of, rounds_of, turns_at
from quirky import iscsi_attacks as attack
from quirky.iscsi import Lun, Target
from quirky.iscsi_link import Chap
from quirky_iscsi_peer import USUAL, bad, bench, expect, good, meet_all, says

GROWTH_MIB = 200  # Above what an honest load takes; each flood would fill more than that a second.
SECRET, THEIRS = "our-secret-12345", "their-secret-123"
SECRETS = {"ARRAYBENCH_CHAP_SECRET": SECRET, "ARRAYBENCH_MUTUAL_CHAP_SECRET": THEIRS}


def watched_load(target, reads=False, block="64k", runtime="20"):
    return Watched("load", target.url(), "--rw=randread" if reads else "--rw=randwrite", f"--bs={block}", "--iodepth=4",
                   f"--runtime={runtime}", "--progress", "none", "--destroy", target.luns[0].naa)


def struck(attacker, *words, block="64k"):
    identity = "60014050" + hashlib.sha256(type(attacker).__name__.encode()).hexdigest()[:24]
    with Target(luns=[Lun(naa=identity)]) as target:
        honest = watched_load(target, attacker.reads, block, "0.5")
        expect(honest.code in (0, 7) and "protocol" not in honest.text, honest.text)
    with Target(attacker, luns=[Lun(naa=identity)]) as target:
        ended = watched_load(target, attacker.reads, block)
        print(f"{type(attacker).__name__:14} exit {ended.code} after {ended.seconds:4.1f} s, {ended.peak_mib} MiB at "
              f"most, honest {honest.peak_mib} MiB; taken {attacker.sent_bytes >> 10} KiB", flush=True)
        expect(ended.code == 3, f"exit {ended.code}\n{ended.text}")
        says((ended.code, ended.text), "broke the protocol", *words)
        expect(ended.seconds < 12, f"{ended.seconds:.1f} s")
        expect(ended.peak_mib < honest.peak_mib + GROWTH_MIB, f"{ended.peak_mib} MiB, honest {honest.peak_mib} MiB")
        expect(attacker.strikes and target.logins <= 6, target.told)


def data_for_a_write():
    struck(attack.DataForWrite(at=20), "262144 bytes of data", "asked for none")


def data_again_and_again():
    struck(attack.MoreData(at=20), "which asked for 65536")


def a_request_for_four_gibibytes():
    struck(attack.HugeRequest(at=20), "asks for 4294966784 bytes")


def a_request_for_each_byte():
    struck(attack.TinyRequests(at=20), "asks for", block="256k")


def pings_without_end():
    struck(attack.IdlePings(at=20), "messages in a row that answer no command")


def answers_to_nobody():
    struck(attack.StrayAnswers(at=20), "messages in a row that answer no command")


def a_segment_longer_than_declared():
    struck(attack.HugeSegment(at=20), "16777212 bytes in one segment")


def an_opcode_that_no_target_sends():
    struck(attack.ForgedOpcode(at=20), "opcode 0x01")


# Of two arrays one turns in its second round.

def one_of_two(attacker, number, *words, stage="round"):
    own, other = (f"60014050000000000000000000000{number}{digit}" for digit in "12")
    own, other = own + "0", other + "0"
    with (Target(attacker, luns=[Lun(naa=own, blocks=262144)]) as hostile,
          Target(luns=[Lun(naa=other, serial="QUIRKY02", blocks=262144)]) as honest):
        turns_at(stage, attacker, [(hostile.url(), own), (honest.url(), other)], *words)


def of_two_one_sends_data_for_a_write():
    one_of_two(attack.DataForWrite(), 7, "asked for none")


def of_two_one_asks_for_gibibytes():
    one_of_two(attack.HugeRequest(), 8, "asks for 4294966784 bytes")


def of_two_one_turns_while_it_is_preconditioned():
    one_of_two(attack.DataForWrite(), 1, "asked for none", stage="precondition")


def of_two_one_turns_while_it_is_read_back():
    one_of_two(attack.MoreData(), 2, "which asked for", stage="verify")


def of_two_one_turns_while_its_capacity_is_sought():
    one_of_two(attack.DataForWrite(), 3, "asked for none", stage="capacity")


def of_two_one_turns_while_fio_measures_it():
    one_of_two(attack.MoreData(), 4, "which asked for", stage="cross-check")


# Who proves nothing any more.

def with_user(target):
    return target.url().replace("iscsi://", "iscsi://host@")


def degraded(quirk, mutual):
    """A run that reads; back after the drop, the target must be left alone."""
    folder = tempfile.mkdtemp(prefix="arraybench-degraded-")
    try:
        identity = "6001405000000000000000000000090" + str(int(mutual))
        chap = {"user": "host", "secret": {"environment": "SOME_SECRET"}}
        if mutual:
            chap |= {"mutual_user": "array", "mutual_secret": {"environment": "SOME_OTHER_SECRET"}}
        with Target(quirk, luns=[Lun(naa=identity)], chap=Chap("host", SECRET, "array", THEIRS)) as target:
            plan = plan_of(folder, {"one": (target.url(), identity)}, "random-read-4k", chap, duration="1500ms", rounds=1)
            run = os.path.join(folder, "run")
            code, text = bench("run", plan, "--out", run, SOME_SECRET=SECRET, SOME_OTHER_SECRET=THEIRS)
            ends = rounds_of(run).get("one", [])
            print(f"{type(quirk).__name__:14} {'mutual' if mutual else 'one way'}: exit {code}, {ends}; accesses "
                  f"{target.media}, before the drop {quirk.media_before}; {target.told.count('login')} logins", flush=True)
            if not quirk.at:  # Honest.
                expect(code in (0, 7) and ends == ["complete"], f"exit {code}, {ends}\n{text}")
                return
            expect(quirk.is_done, f"never dropped\n{text}")
            bad((code, text), 4, "CHAP", "after a reconnect")
            expect([end.split(":")[0] for end in ends] == ["refused for safety"], f"{ends}\n{text}")
            says(bench("report", run, "--format", "markdown"), "refused for safety: one: ", "CHAP")
            expect(target.media == quirk.media_before, f"{target.media - quirk.media_before} accesses after\n{text}")
            bad(bench("run", plan, "--out", run + "2"), 2, "SOME_SECRET")  # The variable is not there.
    finally:
        shutil.rmtree(folder)


def chap_at_every_login():
    degraded(attack.NoChapAgain(at=0), False)
    degraded(attack.NoProofAgain(at=0), True)


def chap_only_at_first():
    degraded(attack.NoChapAgain(), False)


def a_proof_only_at_first():
    degraded(attack.NoProofAgain(), True)


def a_target_that_asks_for_no_chap():
    with Target() as target:
        portal = f"iscsi://host@{target.address}"
        for place in (with_user(target), portal):
            bad(bench("probe", place, **SECRETS), 3, "CHAP")
        good(bench("probe", target.url()))
        expect(target.media == 0, target.told)


def logins_that_leap_past_chap():
    for way in attack.Leap.WAYS:
        for options in ([], ["--mutual-user", "array"]):
            with Target(attack.Leap(way)) as target:
                for place in (with_user(target), f"iscsi://host@{target.address}"):
                    code, text = bench("probe", place, "--login-timeout", "2s", *options, **SECRETS)
                    expect(code == 3, f"{way}, {place} {options}: exit {code}\n{text}")
                    expect(USUAL not in text, f"{way}: it was believed\n{text}")


def digests_that_are_not_granted():
    with Target() as target:
        for place in (target.url(), f"iscsi://{target.address}"):
            bad(bench("probe", place, "--header-digest"), 3, "header digests")


def secrets_that_cannot_be_used():
    folder = tempfile.mkdtemp(prefix="arraybench-secrets-")
    try:
        def file(name, content):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as out:
                out.write(content)
            return path
        some, none = file("some", SECRET + "\n"), file("none", "\n")
        with Target() as target:
            for options in (["--chap-user", "host"],  # And no secret anywhere.
                            ["--chap-user", "host", "--chap-secret-file", none],
                            ["--chap-user", "host", "--chap-secret-file", os.path.join(folder, "nowhere")],
                            ["--chap-secret-file", some],  # And no user.
                            ["--chap-user", "host", "--chap-secret-file", some, "--mutual-secret-file", some],
                            ["--mutual-user", "array", "--mutual-secret-file", some],
                            ["--chap-user", "host", "--chap-secret-file", some, "--mutual-user", "array"]):
                bad(bench("probe", target.url(), *options), 2)
            expect(not target.told, f"connected: {target.told}")
            disk = file("disk", "\0" * 4096)
            for place in ("file:" + disk, "memory:size=1MiB"):
                for options in (["--header-digest"], ["--chap-user", "host"], ["--chap-secret-file", some],
                                ["--mutual-secret-file", some]):
                    bad(bench("probe", place, *options), 2, "iSCSI and NVMe/TCP")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    meet_all(globals(), hands=2)
