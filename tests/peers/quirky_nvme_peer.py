#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""NVMe/TCP targets as they really are: odd, large, strict, changing, and now and then another one.

Each case names what the bench has to say of one quirk; an honest target is met in silence.
"""
import base64
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from emulated_array import arraybench
from quirky.nvme_tcp import NQN, OTHER, Target
from quirky.nvme_wire import DISCOVERY_NQN, DNR

ARRAY, SAFETY, PASSED = 3, 4, 0
CASES = []
INTERRUPTED, NOT_READY, TRANSITION, INACCESSIBLE = 0x021, 0x082, 0x303, 0x302


def case(function):
    CASES.append(function)
    return function


def bench(*arguments, timeout=50, secret=None):
    environment = {**os.environ, **({"ARRAYBENCH_CHAP_SECRET": secret} if secret else {})}
    done = subprocess.run([arraybench(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, check=False, env=environment)
    return done.returncode, done.stdout.decode(errors="replace")


def probe(target, *more, url=None, secret=None):
    code, text = bench("probe", url or target.url(), *more, secret=secret)
    assert not target.complaints, target.complaints
    return code, text


def report(target, *more, url=None):
    code, text = probe(target, "--format", "json", *more, url=url)
    assert code == PASSED, text
    return json.loads(text)


def load(target, *more, url=None, seconds=0.4, block="4k"):
    code, text = bench("load", url or target.url(), f"--bs={block}", f"--runtime={seconds}", "--progress", "none", *more)
    assert not target.complaints, target.complaints
    return code, text


def writes(target, *more, **options):
    return load(target, "--rw=randwrite", "--size=8m", "--destroy", target.nguid, *more, **options)


def clean(result):
    code, text = result
    assert code in (PASSED, 7), text  # 7: this host was too busy to be on time.
    assert not re.search(r"another LUN|ERROR|[1-9]\d* x (failed|lost|busy|timed out)", text), text
    return text


@case
def an_unanswered_keep_alive_ends_the_association():  # First, as it takes the longest.
    with Target(answers_keep_alive=False) as target:
        load(target, "--rate_iops=20", seconds=24)
        assert target.keep_alives and len(target.controllers) >= 2, target.keep_alives


# Honest.

@case
def an_honest_target_is_met_in_silence():
    with Target() as target:
        said = report(target)
        assert said["identity"]["unique_id"] == target.nguid
        assert "serial_shared_with" not in said
        clean(load(target))
        clean(writes(target))
        assert target.io > 20 and target.store


@case
def an_event_without_a_change_changes_nothing():
    with Target(event_at=30) as target:
        clean(writes(target))
        assert target.io > 40 and target.changed


@case
def after_an_event_nothing_is_written_before_the_answer():
    with Target(event_at=600, slow_identify_s=0.3) as target:
        clean(writes(target, "--iodepth=8", seconds=2))
        assert target.asked and target.io > 700 and target.writes_unasked == 0, (target.io, target.writes_unasked)


# Large, strict and incomplete.

@case
def four_billion_namespaces_are_no_reason_for_a_large_log_page():
    with Target(ana=True, nn=0xFFFFFFFF, mnan=256, ana_groups=16, mdts=1) as target:
        assert report(target)["paths"][0]["state"] == "active/optimized"
        clean(load(target))


@case
def an_ana_log_larger_than_mdts_is_read_in_pieces_of_exact_length():
    with Target(ana=True, nn=4096, ana_groups=700, ana_namespaces=3, mdts=1, ana_state=2, strict_lengths=True) as target:
        path = report(target)["paths"][0]
        assert path["state"] == "active/non-optimized" and path["group"] == 1, path


@case
def an_ana_log_that_is_refused_is_not_told():
    with Target(ana=True, missing_logs=(0x0C,)) as target:
        assert "not told" in report(target)["paths"][0]["state"]
        clean(load(target))


@case
def a_missing_smart_log_is_not_told():
    with Target(missing_logs=(0x02,)) as target:
        assert report(target)["limits"]["critical warning"] == "not told"
        clean(writes(target))


@case
def a_missing_error_log_is_not_told():
    with Target(missing_logs=(0x01,)) as target:
        limits = report(target)["limits"]
        assert limits["error log entries"] == "not told" and limits["critical warning"] == "0x00", limits


@case
def a_log_that_is_never_answered_is_not_told():
    with Target(silent_logs=(0x02,)) as target:
        assert report(target, "--login-timeout", "1s")["limits"]["critical warning"] == "not told"


@case
def a_log_at_which_the_controller_hangs_up_is_not_told():
    with Target(fatal_logs=(0x01,)) as target:
        limits = report(target)["limits"]
        assert limits["error log entries"] == "not told" and limits["critical warning"] == "0x00", limits


@case
def an_error_log_larger_than_mdts_is_read_in_pieces():
    with Target(error_entries=256, mdts=1, strict_lengths=True) as target:
        assert report(target)["limits"]["error log entries"] == "0"


@case
def accesses_above_mdts_are_split():
    with Target(mdts=1) as target:
        clean(load(target, block="64k"))
        assert target.largest == 8192, target.largest
        assert report(target)["geometry"]["transfer_bytes_max"] == 8192


@case
def a_refused_event_configuration_is_lived_without():
    with Target(event_configuration=False) as target:
        clean(load(target))


@case
def small_pieces_both_ways_are_put_together():
    with Target(data_piece=512, r2t_piece=1024, in_capsule=0) as target:
        clean(writes(target, block="16k"))
        clean(load(target, block="16k"))


# Who it is.

@case
def without_a_descriptor_list_the_nguid_still_names():
    with Target(has_descriptors=False) as target:
        assert report(target)["identity"]["unique_id"] == target.nguid


@case
def a_uuid_names_where_nothing_else_does():
    with Target(nguid="", uuid="00112233445566778899aabbccddeeff") as target:
        assert report(target)["identity"]["unique_id"] == "00112233445566778899aabbccddeeff"


@case
def a_serial_that_other_namespaces_share_is_told_as_such():
    with Target(nguid="", namespaces=[1, 7, 300]) as target:
        assert report(target)["serial_shared_with"] == ["its controller", "namespace 7", "namespace 300"]


@case
def the_controllers_serial_unlocks_no_namespace_with_a_name_of_its_own():
    with Target(nsid=2, namespaces=[1, 2]) as target:
        code, text = load(target, "--rw=randwrite", "--destroy", "SN0001")
        assert code == SAFETY and not target.store, text


@case
def a_namespace_number_above_255_is_found():
    with Target(nsid=300) as target:
        clean(writes(target))
        assert target.store


@case
def blocks_of_4_kib_are_driven():
    with Target(block_exponent=12, blocks=8192) as target:
        assert report(target)["geometry"]["block_bytes"] == 4096
        clean(writes(target))


@case
def an_ipv6_portal_is_reached():
    with Target(six=True) as target:
        clean(load(target))


def nothing_is_written_elsewhere(words, **quirks):
    with Target(**quirks) as target:
        code, text = writes(target, seconds=4)  # It ends before.
        assert target.changed and target.writes_elsewhere == 0, (target.changed, target.writes_elsewhere)
        assert code == SAFETY and target.nguid in text and words in text, text


@case
def another_namespace_after_a_reconnect_is_never_written_to():
    nothing_is_written_elsewhere(OTHER, drop_at=600, later_nguid=OTHER)


@case
def another_size_after_a_reconnect_is_another_namespace():
    nothing_is_written_elsewhere("32768 blocks", drop_at=600, later_blocks=32768)


@case
def another_namespace_in_an_unbroken_association_is_never_written_to():
    nothing_is_written_elsewhere(OTHER, event_at=600, later_nguid=OTHER)


@case
def another_size_in_an_unbroken_association_ends_it():
    nothing_is_written_elsewhere("131072 blocks", event_at=600, later_blocks=131072)


@case
def another_block_size_after_a_reconnect_is_another_namespace():
    nothing_is_written_elsewhere("blocks of 4096 bytes", drop_at=600, later_exponent=12, later_blocks=8192)


@case
def a_namespace_that_has_lost_its_name_is_another_one():
    nothing_is_written_elsewhere("LUN with serial SN0001", event_at=600, later_nguid="")


@case
def a_namespace_that_is_back_soon_is_waited_for():
    with Target(event_at=40, detached_s=0.15) as target:
        code, text = writes(target, seconds=0.6)
        assert target.io > 60 and "another LUN" not in text, text


# Later, please.

@case
def an_ana_transition_is_waited_for():
    with Target(ana=True, refuse_at=20, refuse_s=0.2, refuse_status=TRANSITION) as target:
        clean(writes(target))
        assert 1 < len(target.refusals) < 400, len(target.refusals)


@case
def an_inaccessible_path_is_waited_for():
    with Target(ana=True, refuse_at=20, refuse_s=0.2, refuse_status=INACCESSIBLE) as target:
        clean(load(target))


@case
def a_namespace_that_is_not_ready_is_waited_for():
    with Target(refuse_at=20, refuse_s=0.2, refuse_status=NOT_READY) as target:
        clean(load(target))


@case
def a_retry_delay_is_kept():
    with Target(refuse_at=5, refuse_s=0.35, refuse_status=INTERRUPTED, refuse_more=0x1000, retry_delays=(2, 0, 0)) as target:
        clean(load(target, "--iodepth=1", seconds=0.8))
        gaps = [b - a for a, b in zip(target.refusals, target.refusals[1:])]
        assert len(target.refusals) >= 2 and min(gaps) > 0.19, gaps


@case
def do_not_retry_is_obeyed():
    with Target(refuse_at=20, refuse_s=0.2, refuse_status=NOT_READY, refuse_more=DNR) as target:
        _, text = load(target, "--rate_iops=200")
        assert re.search(r"[1-9]\d* x busy|busy +[1-9]|ERROR|busy", text), text


# Errors have names, with status code type and status code beside them.

@case
def errors_are_called_by_their_names():
    for status, name in ((0x083, "NVMe status 0/83 (Reservation Conflict)"), (0x081, "NVMe status 0/81 (Capacity Exceeded: the thin pool"),
                         (0x020, "NVMe status 0/20 (Namespace is Write Protected)"), (0x280, "NVMe status 2/80 (Write Fault)"),
                         (0x281, "NVMe status 2/81 (Unrecovered Read Error)")):
        with Target(refuse_at=5, refuse_s=60, refuse_status=status, refuse_more=DNR) as target:
            code, text = load(target) if status == 0x281 else writes(target)
            assert code == ARRAY and name in text, text


@case
def a_short_read_is_no_read():
    with Target(missing_bytes=512) as target:
        code, text = load(target)
        assert code == ARRAY and re.search(r"read +0 +0/s", text) and "x lost" in text, text  # Its connection is ended.


# The way there.

@case
def digests_asked_for_are_shown_and_held():
    with Target() as target:
        url = target.url(query="?header_digest=1&data_digest=1")
        said = report(target, url=url)["negotiated"]
        assert said["HeaderDigest"] == said["DataDigest"] == "CRC32C", said
        clean(writes(target, "--rate_iops=50", url=url))


@case
def a_digest_that_is_not_granted_is_refused():
    with Target(digests=(True, False)) as target:
        code, text = probe(target, url=target.url(query="?data_digest=1"))
        assert code == ARRAY and "data digest" in text, text
        code, text = probe(target)
        assert code == PASSED, text


@case
def a_wrong_data_digest_is_an_error_and_no_data():
    with Target(spoil_data_at=10) as target:
        _, text = load(target, "--rate_iops=50", url=target.url(query="?data_digest=1"))
        assert re.search(r"failed", text), text


@case
def a_wrong_header_digest_ends_the_connection_and_it_comes_back():
    with Target(spoil_header_at=10) as target:
        _, text = load(target, "--rate_iops=50", url=target.url(query="?header_digest=1"))
        assert len(target.controllers) >= 2 and target.io > 12 and "lost" in text, text


@case
def a_refused_connect_says_so():
    with Target(connect_status=0x184) as target:
        code, text = probe(target)
        assert code == ARRAY and "may not connect" in text, text


@case
def a_demand_for_authentication_says_so():
    with Target(authentication=True) as target:
        code, text = probe(target)
        assert code == ARRAY and "demands authentication" in text and target.secrets_seen == 0, text


# Discovery.

@case
def a_referral_is_followed_and_shown():
    with Target() as far, Target() as near:
        near.records = [(1, 3, "127.0.0.1", str(far.port), DISCOVERY_NQN)]
        code, text = probe(near, url=f"nvme+tcp://{near.portal()}")
        assert code == PASSED and "referral" in text and f"{NQN}/1 127.0.0.1:{far.port}" in text, text


@case
def strangers_are_shown_no_secret():
    key = bytes(range(32))
    secret = "DHHC-1:00:" + base64.b64encode(key + struct.pack("<I", zlib.crc32(key))).decode() + ":"
    with Target(authentication=True) as far, Target() as near:
        near.records = [(1, 3, "127.0.0.1", str(far.port), DISCOVERY_NQN), (2, 3, "127.0.0.1", str(far.port), NQN)]
        code, text = probe(near, url=f"nvme+tcp://{near.portal()}", secret=secret)
        assert code == PASSED and text.count("demands authentication") == 2 and far.secrets_seen == 0, text
        code, text = probe(far, secret=secret)  # Named by the user, it is.
        assert code == ARRAY and far.secrets_seen, text


@case
def a_secret_that_nobody_asks_for_is_no_way_in():
    key = bytes(range(32))
    secret = "DHHC-1:00:" + base64.b64encode(key + struct.pack("<I", zlib.crc32(key))).decode() + ":"
    with Target() as target:
        code, text = probe(target, secret=secret)
        assert code == ARRAY and "neither asks for it nor takes it" in text and target.nguid not in text, text
        for named in ("not-a-secret-123", "DHHC-1:00:short:", ""):
            code, text = probe(target, secret=named or " ")
            assert code in (2, ARRAY) and target.nguid not in text, text
        seen = len(target.controllers)
        with tempfile.TemporaryDirectory() as folder:
            for content in ("plain\n", "\n", secret + "\n"):  # The last: the array's alone.
                path = os.path.join(folder, "secret")
                with open(path, "w", encoding="utf-8") as out:
                    out.write(content)
                code, text = probe(target, "--mutual-secret-file", path)
                assert code == 2, text
            for option in (["--chap-user", "host"], ["--mutual-user", "array"]):
                code, text = probe(target, *option)
                assert code == 2, text
        assert len(target.controllers) == seen, "something was connected"
        # What lists portals is asked without proof, unless it is the array that must give one.
        code, text = probe(target, url=f"nvme+tcp://{target.portal()}", secret=secret)
        assert code == PASSED, text


@case
def referrals_in_a_circle_end():
    with Target() as one, Target() as two:
        one.records = [(1, 3, "127.0.0.1", str(two.port), DISCOVERY_NQN)] * 3
        two.records = [(1, 3, "127.0.0.1", str(one.port), DISCOVERY_NQN), (2, 3, "127.0.0.1", str(two.port), NQN)]
        code, text = probe(one, url=f"nvme+tcp://{one.portal()}")
        assert code == PASSED and text.count("referral") == 1 and f"{NQN}/1" in text, text


@case
def a_long_chain_of_referrals_ends():
    with ExitStack() as targets:
        chain = [targets.enter_context(Target()) for _ in range(12)]
        for one, following in zip(chain, chain[1:]):
            one.records = [(1, 3, "127.0.0.1", str(following.port), DISCOVERY_NQN)]
        code, text = probe(chain[0], url=f"nvme+tcp://{chain[0].portal()}")
        assert code == PASSED and text.count("referral") == 9 and "not followed: more than 8 deep" in text, text
        assert not chain[9].controllers


@case
def a_crowd_of_referrals_is_cut_off():
    with Target() as target:
        target.records = [(1, 3, "127.0.0.1", str(port), DISCOVERY_NQN) for port in range(1, 100)]
        code, text = probe(target, url=f"nvme+tcp://{target.portal()}")
        assert code == PASSED and text.count("not followed: more than 64 of them") == 99 - 63, text


@case
def a_dead_referral_and_other_transports_are_shown():
    with Target() as target:
        target.records = [(1, 3, "127.0.0.1", "1", DISCOVERY_NQN), (2, 1, "10.0.0.1", "4420", NQN),
                          (2, 3, "127.0.0.1", "no port", NQN), (2, 3, "127.0.0.1", str(target.port), NQN)]
        code, text = probe(target, url=f"nvme+tcp://{target.portal()}")
        assert code == PASSED and "not followed" in text and "RDMA" in text and "no port number" in text, text
        assert f"{NQN}/1" in text


@case
def a_log_that_changes_while_it_is_read_is_read_again():
    with Target(generations=3) as target:
        code, text = probe(target, url=f"nvme+tcp://{target.portal()}")
        assert code == PASSED and f"{NQN}/1" in text, text
    with Target(generations=1000) as target:
        code, text = probe(target, url=f"nvme+tcp://{target.portal()}")
        assert code == ARRAY and "changes faster" in text, text


@case
def the_namespaces_of_a_subsystem_are_listed_in_pieces():
    with Target(namespaces=list(range(1, 1101)), nsid=1) as target:
        code, text = probe(target, url=f"nvme+tcp://{target.portal()}/{NQN}")
        lines = text.splitlines()
        assert code == PASSED and len(lines) == 1100, len(lines)
        assert lines[0].startswith(f"{NQN}/1 ") and "65536 blocks of 512 bytes" in lines[0] and target.nguid in lines[0]


def run(function):
    begun = time.monotonic()
    try:
        function()
    except Exception as error:  # Whatever went wrong, the other cases say their part.
        return function.__name__, time.monotonic() - begun, f"{type(error).__name__}: {error}"
    return function.__name__, time.monotonic() - begun, ""


def main():
    wanted = sys.argv[1:]
    chosen = [function for function in CASES if not wanted or function.__name__ in wanted]
    assert chosen, wanted
    failed = 0
    with ThreadPoolExecutor(max_workers=4) as pool:
        for name, seconds, why in pool.map(run, chosen):
            print(f"{'FAILED' if why else 'ok':6} {seconds:5.1f} s  {name.replace('_', ' ')}")
            if why:
                failed += 1
                print("       " + why.replace("\n", "\n       "))
    sys.exit(f"{failed} of {len(chosen)} cases failed" if failed else 0)


if __name__ == "__main__":
    main()
