// SPDX-License-Identifier: Apache-2.0
// By which names a LUN may be called, and that a run keeps to the one it was called by.
#include "bench/campaign/host_letters.h"
#include "bench/campaign/lun_names.h"
#include "bench/campaign/round_runner.h"
#include "bench/campaign/safety.h"
#include "bench/nbdkit/export.h"
#include "bench/plan/driver_assembly.h"
#include "bench/plan/lun_mark_text.h"
#include "drivers/api/errors.h"
#include "drivers/memory/memory_driver.h"
#include "results/round_end.h"
#include "results/round_merge.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

using namespace bench;
using bench::campaign::names_lun;
using Catch::Contains;

namespace {

drivers::Identity lun(const std::string& unique_id, const std::string& serial) {
    drivers::Identity out;
    out.unique_id = unique_id;
    out.serial = serial;
    return out;
}

results::RoundRecord ended(const std::string& how) {
    results::RoundRecord out;
    out.ended = how;
    return out;
}

} // namespace

TEST_CASE("a serial names no LUN that has a unique id", "[safety][names]") {
    const auto identity = lun("0123456789abcdef0123456789abcd01", "SN0001");
    CHECK_FALSE(names_lun("SN0001", identity));
    CHECK_FALSE(names_lun("sn0001", identity));
    CHECK(names_lun("0123456789ABCDEF0123456789ABCD01", identity));
    CHECK(names_lun("SN0001", lun("", "SN0001")));
    CHECK(names_lun(" sn0001 ", lun("", "SN0001")));
    CHECK_FALSE(names_lun("SN0001", lun("", "SN00011")));
    CHECK_FALSE(names_lun("", lun("", "")));
    CHECK_FALSE(names_lun(" ", lun("", "  ")));
}

TEST_CASE("serials are told apart by what unique ids are not", "[safety][names]") {
    CHECK_FALSE(names_lun("AB1", lun("", "AB-1")));
    CHECK_FALSE(names_lun("1234", lun("", "naa.1234")));
    CHECK_FALSE(names_lun("A B", lun("", "AB")));
}

TEST_CASE("every way of writing a unique id is the same name", "[safety][names]") {
    const auto identity = lun("f47ac10b58cc4372a5670e02b2c3d479", "S");
    for (const char* text : {"f47ac10b-58cc-4372-a567-0e02b2c3d479",
                             "F47AC10B-58CC-4372-A567-0E02B2C3D479",
                             "uuid.f47ac10b-58cc-4372-a567-0e02b2c3d479",
                             "UUID.f47ac10b58cc4372a5670e02b2c3d479",
                             "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
                             "NAA.f47ac10b58cc4372a5670e02b2c3d479",
                             "nguid.f47ac10b58cc4372a5670e02b2c3d479",
                             "0Xf47ac10b58cc4372a5670e02b2c3d479",
                             "f4:7a:c1:0b:58:cc:43:72:a5:67:0e:02:b2:c3:d4:79"}) {
        INFO(text);
        CHECK(names_lun(text, identity));
        CHECK(names_lun("f47ac10b58cc4372a5670e02b2c3d479", lun(text, "S")));
    }
    CHECK_FALSE(names_lun("f47ac10b58cc4372a5670e02b2c3d47", identity));
    CHECK_FALSE(names_lun("naa.", identity));
    CHECK(names_lun("0102030405060708", identity, {"0102030405060708"})); // Its EUI-64 besides.
    CHECK_FALSE(names_lun("", identity, {""}));
}

TEST_CASE("a serial that other LUNs of the target have names none of them", "[safety][names]") {
    tests::ManualClock clock;
    drivers::MemorySettings settings;
    settings.size_bytes = 8U << 20U;
    settings.serial = "ARRAY-1";
    drivers::MemoryDriver driver(settings, clock);
    drivers::LunReport report;
    report.identity = driver.identity();
    report.geometry = driver.geometry();
    const campaign::WritePermission named{{"ARRAY-1"}, true, 1};
    CHECK_NOTHROW(campaign::check_may_write(driver, report, named));
    report.serial_shared_with = {"LUN 2"};
    CHECK_THROWS_WITH(campaign::check_may_write(driver, report, named),
                      Contains("its serial is also that of LUN 2"));
}

TEST_CASE("another LUN than expected is refused on every kind of open", "[safety][names]") {
    tests::ManualClock clock;
    const plan::Url url = plan::parse_url("memory:size=8MiB,serial=M-1");
    plan::DriverOptions options;
    const drivers::LunReport report = plan::probe_lun(url, options, clock);
    options.expected = drivers::mark_of(report.identity, report.geometry);
    CHECK_NOTHROW(plan::open_driver(url, options, clock));
    CHECK_NOTHROW(plan::probe_lun(url, options, clock));
    for (const char* other : {"memory:size=8MiB,serial=M-2",
                              "memory:size=16MiB,serial=M-1",
                              "memory:size=8MiB,serial=M-1,block=4KiB"}) {
        INFO(other);
        const plan::Url there = plan::parse_url(other);
        CHECK_THROWS_AS(plan::open_driver(there, options, clock), drivers::SafetyError);
        CHECK_THROWS_AS(plan::probe_lun(there, options, clock), drivers::SafetyError);
        nbdkit::ExportSettings served;
        served.set("url", other);
        served.set("expect", plan::lun_mark_text(*options.expected));
        CHECK_THROWS_WITH(nbdkit::Export(served, true), Contains("another LUN answers"));
    }
}

TEST_CASE("a LUN's mark crosses a command line whole", "[names]") {
    for (const drivers::LunMark& mark :
         {drivers::LunMark{"600140a1", "S,1", 512, 65536}, drivers::LunMark{"", "", 4096, 1}}) {
        const auto back = plan::lun_mark_from(plan::lun_mark_text(mark));
        REQUIRE(back);
        CHECK(back->unique_id == mark.unique_id);
        CHECK(back->serial == mark.serial);
        CHECK(back->block_bytes == mark.block_bytes);
        CHECK(back->block_count == mark.block_count);
    }
    for (const char* text :
         {"", "1", "1x", "1x2", "1x2,", "1x2,a", "ax2,a,b", "1xa,a,b", "1 x2,a,b"}) {
        INFO(text);
        CHECK_FALSE(plan::lun_mark_from(text));
    }
}

TEST_CASE("what hosts write to each other carries who a LUN is and whose lease it is under",
          "[hosts][names]") {
    campaign::MetArray array;
    array.name = "a";
    array.urls = {"iscsi://10.0.0.1/iqn.x:y/1"};
    array.identity = lun("600140a1", "S-1");
    array.geometry.block_bytes = 4096;
    array.geometry.block_count = 1ULL << 40U;
    array.lease_token = "token";
    const auto back = campaign::arrays_from(campaign::arrays_letter({array}));
    REQUIRE(back.size() == 1);
    CHECK(drivers::is_same_lun(drivers::mark_of(array.identity, array.geometry),
                               drivers::mark_of(back[0].identity, back[0].geometry)));
    CHECK(back[0].lease_token == "token");
}

TEST_CASE("the ends of rounds have ranks, and the worst part's is the whole's", "[names]") {
    using results::RoundEnd;
    CHECK(results::end_of("complete") == RoundEnd::complete);
    CHECK(results::end_of("interrupted") == RoundEnd::interrupted);
    CHECK(results::end_of("interrupted: 1 of 2 parts") == RoundEnd::interrupted);
    CHECK(results::end_of("array lost: gone") == RoundEnd::array_lost);
    CHECK(results::end_of("array broke the protocol: odd") == RoundEnd::array_broke_protocol);
    CHECK(results::end_of("refused for safety: another LUN") == RoundEnd::refused);
    CHECK(results::reason_of("array lost: gone: away") == "gone: away");
    for (const char* better :
         {"complete", "interrupted", "array lost: x", "array broke the protocol: x"}) {
        results::RoundRecord whole = ended(better);
        results::merge_round(ended("refused for safety: another LUN"), whole);
        CHECK(whole.ended == "refused for safety: another LUN");
        results::RoundRecord other_way = ended("refused for safety: another LUN");
        results::merge_round(ended(better), other_way);
        CHECK(other_way.ended == "refused for safety: another LUN");
    }
    results::RoundRecord lost = ended("interrupted");
    results::merge_round(ended("array lost: x"), lost);
    CHECK(lost.ended == "array lost: x");
    CHECK_THROWS_AS(campaign::heed_end("a", ended("refused for safety: x")), drivers::SafetyError);
    CHECK_THROWS_AS(campaign::heed_end("a", ended("array lost: x")), drivers::ArrayError);
    CHECK_THROWS_AS(campaign::heed_end("a", ended("array broke the protocol: x")),
                    drivers::ArrayError);
    CHECK_NOTHROW(campaign::heed_end("a", ended("interrupted")));
    CHECK_NOTHROW(campaign::heed_end("a", ended("complete")));
}
