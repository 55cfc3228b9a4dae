// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/self_test_egress.h"
#include "bench/campaign/shipped_policies.h"
#include "profiles/policy_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

using namespace bench::campaign;
using namespace std::chrono_literals;
using drivers::array::ActorKind;
using drivers::array::usual_actor;

namespace {

LeakQuestion beacon(double promised_bytes_per_s) {
    LeakQuestion out;
    out.actor = usual_actor(ActorKind::beacon);
    out.name = "beacon";
    out.detector = "period not declared";
    out.promised_bytes_per_s = promised_bytes_per_s;
    out.rates_bytes_per_s = {4, 0.02}; // Every 16 s, and twice in two hours.
    return out;
}

QuietSettings two_days() {
    QuietSettings out;
    out.lasts = 48h;
    return out;
}

profiles::Policy shipped(std::string_view name) {
    for (const ShippedPolicy& one : shipped_policies()) {
        if (one.name == name) {
            return profiles::parse_policy(one.text, std::string(name));
        }
    }
    FAIL("no policy " << name);
    return {};
}

} // namespace

TEST_CASE("a beacon is found from the promised rate on, and its silence below is told as it is",
          "[egress][matrix]") {
    const LeakRow row = leak_row(beacon(1), 2h, 1);
    REQUIRE(row.cells.size() == 2);
    CHECK(row.is_right(1));
    CHECK(row.false_alarms.empty());
    CHECK(row.cells[0].by_policy.count("beacon") == 1);
    CHECK(row.cells[0].by_policy.count("unlisted flow") == 1);
    CHECK(row.cells[0].by_detectors.count("period not declared (note)") == 1);
    CHECK(row.cells[1].messages >= 1);
    CHECK(row.cells[1].by_policy.count("unlisted flow") == 1); // One frame is enough.
    CHECK(row.cells[1].by_detectors.empty());
    CHECK(row.smallest_by_detectors(1) == 4);
    CHECK(row.smallest_by_policy(1) == 0.02);
    const std::string text = leak_matrix_text({2h, 1, {row}});
    CHECK_THAT(text, Catch::Contains("detectors alone: not found  (below what is promised)"));
}

TEST_CASE("where only some seeds send at all, those are found and the others are silent",
          "[egress][matrix]") {
    LeakQuestion rare;
    rare.actor = usual_actor(ActorKind::icmp_tunnel);
    rare.detector = "ICMP tunnel";
    rare.promised_bytes_per_s = 1;
    rare.rates_bytes_per_s = {0.04, 0.02, 0.01}; // 320 B at a time, in two hours
    const LeakRow row = leak_row(rare, 2h, 5);
    CHECK(row.is_right(5));
    CHECK(row.false_alarms.empty());
    CHECK(std::any_of(row.cells.begin(), row.cells.end(), [](const LeakCell& cell) {
        return cell.found_by_policy > 0 && cell.found_by_policy < 5 && cell.messages > 0;
    }));
    rare.actor = usual_actor(ActorKind::dns_tunnel); // Lawful questions go to the same resolver.
    rare.detector = "DNS tunnel";
    rare.rates_bytes_per_s = {0.0001};
    const LeakRow silent = leak_row(rare, 2h, 2);
    CHECK(silent.cells[0].messages == 0);
    CHECK(silent.cells[0].by_detectors.empty());
    CHECK(silent.is_right(2));
}

TEST_CASE("a promise that the detectors do not keep makes the row wrong", "[egress][matrix]") {
    LeakRow row = leak_row(beacon(0.01), 2h, 1);
    CHECK_FALSE(row.is_right(1));
    row = leak_row(beacon(std::numeric_limits<double>::infinity()), 2h, 1);
    CHECK(row.is_right(1)); // Nothing was promised.
    row.false_alarms.insert("beacon");
    CHECK_FALSE(row.is_right(1));
}

TEST_CASE("what cannot be seen is not found: no period, and pieces shorter than a token",
          "[egress][matrix]") {
    LeakQuestion question = beacon(std::numeric_limits<double>::infinity());
    question.actor.memoryless = true;
    CHECK(leak_row(question, 2h, 1).cells[0].by_detectors.empty());
    question.actor = usual_actor(ActorKind::canary_leak);
    question.actor.size_bytes = 32;
    question.rates_bytes_per_s = {0.1};
    CHECK(leak_row(question, 2h, 1).cells[0].by_detectors.count("canary") == 0);
    question.actor.size_bytes = 512;
    question.rates_bytes_per_s = {1};
    CHECK(leak_row(question, 2h, 1).cells[0].by_detectors.count("canary") == 1);
}

TEST_CASE("a load-driven leak is found by its answer to a load that a coin switches",
          "[egress][matrix]") {
    LeakQuestion question = beacon(1);
    question.actor = usual_actor(ActorKind::burst_after_ingest);
    question.detector = "answer to a stimulus";
    question.rates_bytes_per_s = {100};
    const LeakRow row = leak_row(question, 4h, 1);
    CHECK(row.cells[0].by_detectors.count("answer to a stimulus") == 1);
    CHECK(row.is_right(1));
}

TEST_CASE("the program holds the policies that are shipped", "[egress][matrix]") {
    std::size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(tests::source_dir() + "/profiles/policies")) {
        std::ifstream in(entry.path());
        std::ostringstream text;
        text << in.rdbuf();
        const auto& all = shipped_policies();
        CHECK(std::any_of(all.begin(), all.end(), [&](const ShippedPolicy& one) {
            return one.name == entry.path().stem().string() && one.text == text.str();
        }));
        ++files;
    }
    CHECK(files == shipped_policies().size());
}

TEST_CASE("what shipped policies declare raises no alarm, and one stray frame does",
          "[egress][matrix]") {
    const auto name = GENERATE(std::string("pure1"), std::string("dell-secure-connect"));
    const QuietRow quiet = quiet_row(shipped(name), two_days());
    INFO(quiet_text({quiet}, two_days()));
    CHECK(quiet.is_right());
    CHECK(quiet.frames > 10'000);
    CHECK(quiet.hypotheses >= 5);
    CHECK(quiet.periodic >= 1); // Its clock is asked regularly.
    CHECK(quiet.notes_expected > 0);
    CHECK(quiet.sham_expected == 0.05);
    QuietSettings stray = two_days();
    stray.stray_frame = true;
    const QuietRow alarmed = quiet_row(shipped(name), stray);
    CHECK(alarmed.alarms.size() == 1);
    CHECK_FALSE(alarmed.is_right());
}

TEST_CASE("each shipped policy is silent for half a day with several seeds", "[egress][matrix]") {
    QuietSettings settings;
    settings.lasts = 12h;
    settings.seeds = 2;
    const auto rows = quiet_rows(settings);
    INFO(quiet_text(rows, settings));
    CHECK(rows.size() == shipped_policies().size());
    for (const QuietRow& row : rows) {
        INFO(row.policy);
        CHECK(row.is_right());
        CHECK((row.frames > 0) == (row.policy != "deny-all"));
    }
}

TEST_CASE(
    "leaks that wait for a cue come after it and in its phase, and lost frames break the books",
    "[egress][matrix]") {
    const auto rows = self_test_egress();
    INFO(self_test_text(rows));
    CHECK(rows.size() == 15);
    for (const SelfTestRow& row : rows) {
        INFO(row.fault);
        CHECK(row.is_right());
    }
}

TEST_CASE("the proof stands in the self-test's rows and in its JSON", "[egress][matrix]") {
    EgressProof proof;
    proof.matrix.watched = 2h;
    proof.matrix.rows = {leak_row(beacon(1), 2h, 1)};
    QuietRow quiet;
    quiet.policy = "p";
    proof.quiet = {quiet};
    auto rows = egress_rows(proof);
    REQUIRE(rows.size() == 2);
    CHECK(is_right(rows));
    const auto json = nlohmann::json::parse(self_test_json(rows, proof));
    CHECK(json["right"] == true);
    const auto& cells = json["egress_by_leak_rate"]["rows"][0]["cells"];
    CHECK(cells.size() == 2);
    CHECK(cells[1]["by_detectors"].empty());
    CHECK(json["egress_without_alarm"]["rows"][0]["alarms_expected"] == 0);
    proof.matrix.rows[0].cells[0].found_by_detectors = 0;
    proof.quiet[0].alarms = {"beacon"};
    rows = egress_rows(proof);
    CHECK_FALSE(rows[0].is_right());
    CHECK_FALSE(rows[1].is_right());
}
