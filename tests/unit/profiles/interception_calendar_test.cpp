// SPDX-License-Identifier: Apache-2.0
// The calendar: day and week curves, rotation, night's work, and a time-lapse that advances nothing
// else. And what PDUs weigh.
#include "profiles/file_error.h"
#include "profiles/interception/codecs.h"
#include "profiles/interception/interception_file.h"
#include "profiles/interception/plant.h"
#include "profiles/interception/rates.h"
#include "tests/unit/profiles/platform_run.h"

#include <catch2/catch.hpp>

#include <numeric>

using namespace profiles::interception;
using namespace std::chrono_literals;
using tests::Counts;
using tests::measure;

namespace {

struct Heard final : PlantHearer {
    double bytes = 0;
    double pdus = 0;
    double closes = 0;
    void product(const Product& product, Duration) noexcept override {
        bytes += product.bytes;
        pdus += product.pdus;
    }
    void closed(std::uint32_t, Duration) noexcept override { closes += 1; }
    void ticked(Duration) noexcept override {}
};

Parameters calendar(double start_hour, double time_lapse) {
    Parameters out;
    out.targets = 500;
    out.stationary = false;
    out.start_hour = start_hour;
    out.time_lapse = time_lapse;
    return out;
}

Heard heard(const Parameters& parameters, Duration length, std::uint64_t seed = 1) {
    Plant plant(parameters, seed, 0, 1);
    Heard out;
    plant.step(length, out);
    return out;
}

double per_s(const Counts& counts, StreamIndex stream) {
    const auto found = counts.per_s.find(number(stream));
    return found == counts.per_s.end() ? 0 : found->second;
}

} // namespace

TEST_CASE("a time-lapse moves the calendar and the weekdays, an hour of it in seconds",
          "[interception]") {
    const Parameters parameters = calendar(22, 3600);
    CHECK(calendar_hour(parameters, 1s) == Approx(23));
    CHECK(calendar_hour(parameters, 3s) == Approx(1));
    CHECK(calendar_weekday(parameters, 1s) == 2); // From a Wednesday ...
    CHECK(calendar_weekday(parameters, 3s) == 3);
    CHECK(calendar_weekday(parameters, 75s) == 6);
    CHECK(calendar_hour(calendar(22, 1), 1h) == Approx(23));
}

TEST_CASE("a time-lapse rotates files as often as its calendar says, and lets calls last",
          "[interception]") {
    Parameters quick = calendar(3, 60); // Half an hour in thirty seconds.
    quick.voice.calls_per_day = 0;
    Parameters slow = quick;
    slow.time_lapse = 1;
    const double files = std::round(500 * 0.6) + std::round(500 * 0.05);
    CHECK(heard(quick, 89s).closes == files * 3);
    CHECK(heard(slow, 89s).closes < files * 0.4); // Still in the first rotation's jitter.

    std::vector<double> holds;
    Parameters talking = calendar(10, 60);
    Plant plant(talking, 7, 0, 1);
    plant.on_call = [&](Duration, double hold) {
        holds.push_back(hold);
    };
    Heard all;
    plant.step(600s, all);
    REQUIRE(holds.size() > 50);
    const double mean =
        std::accumulate(holds.begin(), holds.end(), 0.0) / static_cast<double>(holds.size());
    CHECK(mean == Approx(mean_hold_s(talking.voice)).epsilon(0.5)); // Not a sixtieth of it.
}

TEST_CASE("the day's curve decides how much comes, the busy hour the most", "[interception]") {
    Parameters night = calendar(3.2, 1);
    Parameters day = calendar(18.2, 1);
    night.data.keep = day.data.keep = 0; // Calls only: IP traffic's tail is too heavy for minutes.
    const double share = voice_hours[3] / voice_hours[18];
    double at_night = 0;
    double at_day = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        at_night += heard(night, 600s, seed).pdus;
        at_day += heard(day, 600s, seed).pdus;
    }
    CHECK(at_night / at_day == Approx(share).epsilon(0.5));
    Parameters weekend = day;
    weekend.start_weekday = 6;
    double at_weekend = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        at_weekend += heard(weekend, 600s, seed).pdus;
    }
    CHECK(at_weekend / at_day == Approx(0.75).epsilon(0.15));
}

TEST_CASE("backup and purge run in their hours of the calendar, always in a busy hour",
          "[interception]") {
    const auto works = [](const Parameters& base) {
        Parameters parameters = base;
        parameters.readers.backup = true;
        parameters.readers.purge = true;
        parameters.storage.retained_share = 0.3;
        const Counts counts = tests::run(parameters, 2, 20s, 1ms);
        return std::pair(per_s(counts, StreamIndex::backup), per_s(counts, StreamIndex::purge));
    };
    CHECK(works(calendar(2, 1)).first > 0);
    CHECK(works(calendar(12, 1)).first == 0);
    CHECK(works(calendar(12, 1)).second == 0);
    Parameters busy = calendar(12, 1);
    busy.stationary = true;
    CHECK(works(busy).first > 0);
    // A whole day in twenty seconds: ten hours of backup in it.
    const double night = works(calendar(2, 1)).first;
    CHECK(works(calendar(12, 4320)).first == Approx(night * 10 / 24).epsilon(0.1));
}

TEST_CASE("PDUs weigh what the table says, codec by codec", "[interception]") {
    struct Tabled {
        const char* codec;
        double pdu_bytes;
        double call_kb_per_s; // Both directions.
    };
    for (const Tabled& one : {Tabled{"G.711", 342, 34.2},
                              Tabled{"AMR 12.2", 208, 20.8},
                              Tabled{"AMR-WB 12.65", 209, 20.9},
                              Tabled{"EVS 13.2", 209, 20.9},
                              Tabled{"AMR-WB 23.85", 237, 23.7}}) {
        INFO(one.codec);
        const auto workload = parse_platform_workload(
            std::string(R"({"$schema": "arraybench/interception/1", "purpose": "p", "targets": 500,
                "data": {"keep": "0%"}, "voice": {"codecs": [{"name": ")") +
                one.codec + R"(", "share": "100%"}]}})",
            "w");
        Parameters parameters = workload.parameters;
        parameters.voice.sip_messages_per_call = 0;
        parameters.voice.iri_per_call = 0;
        parameters.records = {};
        parameters.records.sms_per_day = 0;
        parameters.records.locations_per_day = 0;
        parameters.records.pdn_events_per_day = 0;
        parameters.records.hash_bytes = 0;
        parameters.records.hash_bytes_per_pdu = 0;
        parameters.records.signature_bytes = 0;
        Plant plant(parameters, 1, 0, 1);
        Heard all;
        double call_seconds = 0;
        for (Duration now = 20ms; now <= 120s; now += 20ms) {
            plant.step(now, all);
            call_seconds += static_cast<double>(plant.calls()) * 0.02;
        }
        CHECK(all.bytes / all.pdus == Approx(one.pdu_bytes).epsilon(0.001));
        CHECK(all.bytes / call_seconds / 1e3 == Approx(one.call_kb_per_s).epsilon(0.01));
    }
    const Parameters usual;
    CHECK(usual.data.packet_bytes + usual.data.pdu_header_bytes == 1046);
    CHECK(1500 + usual.data.pdu_header_bytes == 1646);
    CHECK(Codec{}.silence_pdu_bytes == 182);
    CHECK(usual.voice.sip_bytes == 1046);
}

TEST_CASE("silence sends descriptors instead, one each 160 ms a direction", "[interception]") {
    Parameters parameters;
    parameters.data.keep = 0;
    parameters.voice.codecs = {*known_codec("AMR 12.2")};
    const double speaking = busy_rates(parameters).voice_pdus;
    parameters.voice.codecs[0].silence = 0.6;
    const double pausing = busy_rates(parameters).voice_pdus;
    CHECK(pausing / speaking == Approx((100 * 0.4 + 2 / 0.160 * 0.6) / 100));
}

TEST_CASE("a codec that is not known must say its PDU", "[interception]") {
    const auto parse = [](const std::string& codec) {
        return parse_platform_workload(
            R"({"$schema": "arraybench/interception/1", "purpose": "p", "voice": {"codecs": [)" +
                codec + "]}}",
            "w");
    };
    CHECK_THROWS_AS(parse(R"({"name": "Opus"})"), profiles::FileError);
    CHECK(parse(R"({"name": "Opus", "pdu": "190B"})").parameters.voice.codecs[0].pdu_bytes == 190);
    CHECK(parse(R"({"name": "AMR 12.2", "pdu": "200B"})").parameters.voice.codecs[0].pdu_bytes ==
          200);
}

TEST_CASE("a case storm puts its people on the telephone together", "[interception]") {
    Parameters calm;
    calm.targets = 500;
    calm.data.keep = 0;
    Parameters stormy = calm;
    stormy.events.storms_per_h = 60;
    stormy.events.storm_targets = 50;
    const auto most = [](const Parameters& parameters) {
        Plant plant(parameters, 4, 0, 1);
        Heard all;
        std::size_t out = 0;
        for (Duration now = 1s; now <= 300s; now += 1s) {
            plant.step(now, all);
            out = std::max(out, plant.calls());
        }
        return out;
    };
    CHECK(most(stormy) >= most(calm) + 50);
}
