#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""NVMe/TCP arrays that attack: each ends its own load within seconds, named for what it did, while the bench's memory
stays flat; and in a run the other array's part is whole, at whatever stage one turns. Who grants no digest or asks for
no proof any more is not connected to again. An honest controller is not accused."""
import os
import secrets
import shutil
import tempfile

from hostile_runs import Watched, plan_of, rounds_of, turns_at
from quirky import nvme_attacks as attack
from quirky.nvme_tcp import Target
from quirky_iscsi_peer import bad, bench, expect, meet_all, says

GROWTH_MIB = 200  # Above what an honest load takes.


def watched_load(target, reads, block="64k", runtime="20", query=""):
    return Watched("load", target.url(query=query), "--rw=randread" if reads else "--rw=randwrite", f"--bs={block}",
                   "--iodepth=4", f"--runtime={runtime}", "--size=16m", "--progress", "none", "--destroy", target.nguid)


def struck(attacker, *words, query=""):
    reads = attacker.at_command == attack.READ
    with Target() as target:
        honest = watched_load(target, reads, runtime="0.5", query=query)
        expect(honest.code in (0, 7) and "protocol" not in honest.text, honest.text)
    with Target(attack=attacker) as target:
        ended = watched_load(target, reads, query=query)
        print(f"{type(attacker).__name__:18} exit {ended.code} after {ended.seconds:4.1f} s, {ended.peak_mib} MiB at "
              f"most, honest {honest.peak_mib} MiB; taken {attacker.sent_bytes >> 10} KiB", flush=True)
        expect(ended.code == 3, f"exit {ended.code}\n{ended.text}")
        says((ended.code, ended.text), "the array broke the protocol", *words)
        expect(ended.seconds < 12, f"{ended.seconds:.1f} s")
        expect(ended.peak_mib < honest.peak_mib + GROWTH_MIB, f"{ended.peak_mib} MiB, honest {honest.peak_mib} MiB")
        expect(attacker.strikes and len(target.controllers) <= 3, target.controllers)


def data_for_a_write():
    struck(attack.DataForWrite(at=20), "which has asked for none")


def data_again_and_again():
    struck(attack.MoreData(at=20), "65536 bytes of data")


def data_past_the_end():
    struck(attack.DataPastTheEnd(at=20), "512 bytes of data")


def data_before_the_begin():
    struck(attack.DataBeforeTheBegin(at=20), "at 4294966784")


def data_for_nobody():
    struck(attack.DataForNobody(at=20), "which has asked for none")


def a_length_that_lies():
    struck(attack.LyingLength(at=20), "the PDU holds 512")


def a_request_for_four_gibibytes():
    struck(attack.HugeRequest(at=20), "R2T for 4294966784 bytes")


def a_request_to_who_reads():
    struck(attack.RequestToReader(at=20), "which has no such bytes to send")


def answers_to_nobody():
    struck(attack.StrayAnswers(at=20), "which is not outstanding")


def two_answers():
    struck(attack.TwoAnswers(at=20), "which is not outstanding")


def a_read_of_nothing():
    struck(attack.EmptyRead(at=20), "completed as good after 0 of 65536 bytes")


def a_pdu_of_four_gibibytes():
    struck(attack.HugePdu(at=20), "for command")


def a_pdu_shorter_than_its_header():
    struck(attack.ShortPdu(at=20), "8 bytes in all")


def a_pdu_that_only_hosts_send():
    struck(attack.HostPdu(at=20), "which a controller never sends here")


def rubbish_in_the_clear_and_sealed():
    struck(attack.SealedRubbish(at=20), "type 0x55")
    struck(attack.SealedRubbish(at=20), "type 0x55", query="?header_digest=1")


def damage_is_nobodys_deed():
    attacker = attack.DamagedRubbish(at=20)
    with Target(attack=attacker) as target:
        ended = watched_load(target, False, runtime="1", query="?header_digest=1")
        expect(attacker.strikes and "broke the protocol" not in ended.text, ended.text)
        expect(len(target.controllers) > 2, "not connected to again")


# Of two arrays one turns.

def one_of_two(attacker, stage, *words):
    own, other = secrets.token_hex(16), secrets.token_hex(16)
    with Target(attack=attacker, nguid=own, blocks=262144) as hostile, Target(nguid=other, blocks=262144) as honest:
        turns_at(stage, attacker, [(hostile.url(), own), (honest.url(), other)], *words)


def of_two_one_sends_data_for_a_write():
    one_of_two(attack.DataForWrite(), "round", "asked for none")


def of_two_one_answers_twice():
    one_of_two(attack.TwoAnswers(), "round", "which is not outstanding")


def of_two_one_turns_while_it_is_preconditioned():
    one_of_two(attack.HugeRequest(), "precondition", "R2T for 4294966784 bytes")


def of_two_one_turns_while_it_is_read_back():
    one_of_two(attack.DataPastTheEnd(), "verify", "512 bytes of data")


def of_two_one_turns_while_its_capacity_is_sought():
    one_of_two(attack.StrayAnswers(), "capacity", "which is not outstanding")


def of_two_one_turns_while_fio_measures_it():
    one_of_two(attack.MoreData(), "cross-check", "bytes of data")


def one_turns_while_its_data_is_verified():
    attacker = attack.EmptyRead()
    folder = tempfile.mkdtemp(prefix="arraybench-hostile-")
    try:
        with Target(attack=attacker) as target:
            plan = plan_of(folder, {"one": (target.url(), target.nguid)}, "mixed-70-30", duration="300ms", rounds=1,
                           verify="full")
            run = os.path.join(folder, "run")
            code, text = bench("run", plan, "--out", run, "--destroy", target.nguid)
            expect(code in (0, 7), f"exit {code}\n{text}")
            code, text = bench("verify-data", run, target.url())
            expect(code == 0, f"exit {code}\n{text}")
            attacker.arm()
            bad(bench("verify-data", run, target.url()), 3, "the array broke the protocol",
                "completed as good after 0 of")
    finally:
        shutil.rmtree(folder)


# Who is less secure than before.

def degraded(**quirks):
    """A run that reads, of an array whose file asks for digests; back after the drop it must be left alone."""
    folder = tempfile.mkdtemp(prefix="arraybench-degraded-")
    try:
        with Target(**quirks) as target:
            url = target.url(query="?header_digest=1&data_digest=1")
            plan = plan_of(folder, {"one": (url, target.nguid)}, "random-read-4k", duration="1500ms", rounds=1)
            run = os.path.join(folder, "run")
            answer = bench("run", plan, "--out", run)
            ends = rounds_of(run).get("one", [])
            print(f"{quirks}: exit {answer[0]}, {ends}; {target.io} accesses", flush=True)
            if target.greeting_later is None:
                expect(answer[0] in (0, 3, 7) and target.io > target.drop_at + 10, f"{ends}\n{answer[1]}")
                expect("refused for safety" not in answer[1], answer[1])
                return
            bad(answer, 4, "digest", "does not grant it")
            expect([end.split(":")[0] for end in ends] == ["refused for safety"], f"{ends}\n{answer[1]}")
            expect(target.io == target.drop_at, f"{target.io} accesses\n{answer[1]}")
    finally:
        shutil.rmtree(folder)


def digests_at_every_connection():
    degraded(drop_at=50)


def no_header_digest_any_more():
    degraded(drop_at=50, greeting_later=(False, True))


def no_data_digest_any_more():
    degraded(drop_at=50, greeting_later=(True, False))


if __name__ == "__main__":
    meet_all(globals(), hands=2)
