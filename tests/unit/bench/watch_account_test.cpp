// SPDX-License-Identifier: Apache-2.0
// What a child that reads an enemy's bytes hands over, honest and forged.
#include "bench/campaign/handover.h"
#include "bench/campaign/watch_account.h"
#include "bench/campaign/watch_handover.h"
#include "bench/egress/made_frames.h"
#include "bench/egress/sinks.h"
#include "drivers/api/errors.h"
#include "results/run_record_file.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/watched_frames.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <random>

using namespace bench;
using namespace bench::campaign;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t began_ns = 1'800'000'000'000'000'000;

// What a child hands over that has read a capture in place of a tap.
Handover honest() {
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/tap.pcap";
    std::vector<egress::EvidenceFrame> frames;
    for (const auto& bytes : tests::watched_frames(40)) {
        const auto at = began_ns + static_cast<std::int64_t>(frames.size()) * 1'000'000;
        frames.push_back({at, static_cast<std::uint32_t>(bytes.size()), 1, bytes});
    }
    std::ofstream(path, std::ios::binary) << egress::pcap_file(frames);
    TapAnalysis::Taps taps;
    taps.push_back(drivers::capture::PcapSource::open_file(path));
    TapAnalysis watch(tests::watch_orders({"tap0"}), std::move(taps), [] {});
    watch.tell({.kind = WatchWord::Kind::phase, .at_ns = began_ns + 20'500'000, .text = "load"});
    while (watch.take_frames()) {
    }
    watch.finish();
    return watch_handover(watch);
}

const Handover& sample() {
    static const Handover out = honest();
    return out;
}

WatchKnown known() {
    WatchKnown out;
    out.array = "watched";
    out.captured_by = "a test";
    out.phases = {"load"};
    out.taps = {{"tap0", 0}};
    return out;
}

// The same, its records changed by whoever has taken the child over.
template <typename Change>
std::string forged(const Change& change) {
    Handover out = sample();
    results::RunRecord told = results::result_from_text(out.text, "sample");
    change(out, told);
    if (out.text == sample().text) {
        out.text = results::result_text(told);
    }
    return handover_bytes(out);
}

template <typename Change>
std::string refusal(const Change& change) {
    try {
        (void)account_from(forged(change), known());
    } catch (const drivers::HostError& error) {
        return error.what();
    }
    return "";
}

using Told = results::RunRecord;

} // namespace

TEST_CASE("an honest handover is taken whole", "[egress]") {
    const WatchAccount account = account_from(handover_bytes(sample()), known());
    REQUIRE(account.records.size() == 3);
    CHECK(account.records[0].frames == 40);
    CHECK(account.records[1].frames + account.records[2].frames == 40);
    CHECK(account.records[0].unlisted_bytes > 0);
    CHECK(account.records[0].undecoded_bytes > 0);
    CHECK(account.records[0].allowed_bytes > 0);
    REQUIRE_FALSE(account.findings.empty());
    std::size_t cutouts = 0;
    for (const results::FindingRecord& finding : account.findings) {
        cutouts += finding.cutout.empty() ? 0U : 1U;
        CHECK(finding.area == "egress");
    }
    CHECK(cutouts > 0);
    CHECK(account.files.size() == 5 + cutouts);
    CHECK(refusal([](Handover&, Told&) {}).empty());
}

TEST_CASE("a forged handover is refused for what is forged in it", "[egress]") {
    CHECK_THAT(refusal([](Handover& out, Told&) { out.exit_code = 1; }), Contains("exit code 1"));
    CHECK_THAT(refusal([](Handover& out, Told&) { out.text = "{"; }), Contains("no records"));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.egress.clear(); }), Contains("no record"));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.egress[0].phase = "load"; }),
               Contains("no record of the whole"));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.egress[1].array = "other"; }),
               Contains("array \"other\""));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.egress[1].phase = "lode"; }),
               Contains("phase \"lode\""));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.egress[1].phase = told.egress[2].phase; }),
               Contains("speaks of a phase"));
    CHECK_THAT(refusal([](Handover&, Told& told) { ++told.egress[1].frames; }),
               Contains("not the whole"));
    CHECK_THAT(refusal([](Handover&, Told& told) {
                   told.egress[0].watched_ns = std::numeric_limits<std::int64_t>::min();
               }),
               Contains("too long"));
    CHECK_THAT(refusal([](Handover&, Told& told) {
                   told.egress[0].not_measured.clear();
                   ++told.egress[0].allowed_bytes;
                   ++told.egress[1].allowed_bytes;
               }),
               Contains("do not balance"));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.findings[0].array = "other"; }),
               Contains("array \"other\""));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.findings[0].area = "integrity"; }),
               Contains("finds something"));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.findings[0].severity = "none"; }),
               Contains("\"none\""));
    for (const char* const cutout : {"../../x", "report.json", "finding-9999.pcap"}) {
        CHECK_THAT(refusal([&](Handover&, Told& told) { told.findings[0].cutout = cutout; }),
                   Contains("cut-out"));
    }
}

TEST_CASE("a forged handover names no file and no tap but its own", "[egress]") {
    for (const char* const name : {"egress/run.sh",
                                   "egress/finding-.pcap",
                                   "egress/finding-1x.pcap",
                                   "egress/finding-1234567890.pcap",
                                   "egress/finding-1.pcap.sh"}) {
        CHECK_THAT(refusal([&](Handover& out, Told&) { out.files.emplace_back(name, "x"); }),
                   Contains("has a file"));
    }
    for (const char* const name : {"report.json", "egress/../x", "/etc/passwd"}) {
        CHECK_THAT(refusal([&](Handover& out, Told&) { out.files.emplace_back(name, "x"); }),
                   Contains("nobody asked for"));
    }
    CHECK_THAT(refusal([](Handover& out, Told&) { out.files.push_back(out.files[0]); }),
               Contains("twice"));
    CHECK_THAT(refusal([](Handover& out, Told&) { out.files.erase(out.files.begin()); }),
               Contains("lacks"));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.egress[0].taps->clear(); }),
               Contains("other taps"));
    CHECK_THAT(refusal([](Handover&, Told& told) { told.egress[0].taps.reset(); }),
               Contains("other taps"));
    CHECK_THAT(refusal([](Handover&, Told& told) { (*told.egress[0].taps)[0].interface = "lo"; }),
               Contains("other taps"));
    CHECK_THAT(refusal([](Handover&, Told& told) { (*told.egress[0].taps)[0].markers_sent = 1; }),
               Contains("sent were 0"));
    CHECK_THAT(refusal([](Handover&, Told& told) { (*told.egress[0].taps)[0].markers_lost = 1; }),
               Contains("1 that were lost"));
}

TEST_CASE("a child that forgets what it has told is found out", "[egress]") {
    WatchKnown before = known();
    before.last.unlisted_bytes =
        account_from(handover_bytes(sample()), known()).records[0].unlisted_bytes;
    CHECK_NOTHROW(account_from(handover_bytes(sample()), before));
    ++before.last.unlisted_bytes;
    CHECK_THROWS_WITH(account_from(handover_bytes(sample()), before),
                      Contains("less than was told"));
}

TEST_CASE("no mutation of a handover does more than be refused", "[egress]") {
    const std::string whole = handover_bytes(sample());
    std::mt19937_64 random(7);
    for (int i = 0; i < 2000; ++i) {
        std::string bytes = whole;
        for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
            // The records come first, and are where there is most to be misread.
            const std::size_t most = random() % 2 == 0 ? sample().text.size() : bytes.size();
            bytes[random() % most] = static_cast<char>(random());
        }
        bytes.resize(random() % 4 == 0 ? random() % bytes.size() : bytes.size());
        try {
            (void)account_from(bytes, known());
        } catch (const drivers::HostError&) { // NOLINT(bugprone-empty-catch): what is wanted.
        }
    }
}

TEST_CASE("of a watch that ended early it is said when, why and what was known", "[egress]") {
    WatchKnown last = known();
    last.last = {10, 1000, 1000, 0, 0, 5};
    const WatchAccount silent = account_of({"its process ended: signal 9", began_ns, false}, last);
    REQUIRE(silent.records.size() == 1);
    CHECK(silent.records[0].frames == 10);
    CHECK_THAT(silent.records[0].not_measured,
               Contains("the watch ended at 2027-01-15T08:00:00") && Contains("signal 9") &&
                   Contains("not seen since"));
    CHECK(silent.findings.empty());

    last.last.undecoded_bytes = 7;
    const WatchAccount leaked = account_of({"why", began_ns, false}, last);
    REQUIRE(leaked.findings.size() == 1);
    CHECK(leaked.findings[0].severity == "finding");
    CHECK_THAT(leaked.findings[0].summary, Contains("7 bytes"));

    last.last.undecoded_bytes = 0;
    const WatchAccount forgery = account_of({"what it said", began_ns, true}, last);
    REQUIRE(forgery.findings.size() == 1);
    CHECK(forgery.findings[0].kind == "forged handover");
    CHECK(forgery.findings[0].array == "watched");
    CHECK_THAT(forgery.findings[0].summary, Contains("what it said"));
}
