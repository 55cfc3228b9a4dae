// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/array/actor/actor_schedule.h"
#include "drivers/wire/dns.h"

#include <catch2/catch.hpp>

#include <zlib.h>

#include <cmath>

using namespace drivers::array;
using drivers::Duration;
using namespace std::chrono_literals;

namespace {

std::vector<std::byte> octets(std::string_view text) {
    std::vector<std::byte> out;
    for (const char letter : text) {
        out.push_back(static_cast<std::byte>(letter));
    }
    return out;
}

std::string text_of(const std::vector<std::byte>& bytes) {
    std::string out;
    for (const std::byte one : bytes) {
        out += static_cast<char>(one);
    }
    return out;
}

ActorSettings actor(ActorKind kind) {
    ActorSettings out = usual_actor(kind);
    if (kind == ActorKind::dns) {
        out.names = {"a.example.net", "b.example.net"};
    }
    return out;
}

ActorNews written(Duration at, std::uint64_t lba, const std::vector<std::byte>& data) {
    ActorNews out;
    out.at = at;
    out.lba = lba;
    out.block_count = 8;
    out.bytes = data.size();
    out.data = data;
    return out;
}

std::vector<Duration> dues(ActorSchedule& schedule, Duration until) {
    std::vector<Duration> out;
    while (schedule.next_due() <= until) {
        out.push_back(schedule.take().due);
    }
    return out;
}

} // namespace

TEST_CASE("every kind of actor has a name, and its usual settings can be", "[actor]") {
    for (std::size_t i = 0; i < actor_kind_count; ++i) {
        const auto kind = static_cast<ActorKind>(i);
        CHECK(actor_kind_named(actor_kind_name(kind)) == kind);
        CHECK(actor_problem(actor(kind)).empty());
    }
    CHECK_FALSE(actor_kind_named("nothing"));
    CHECK_FALSE(actor_problem(usual_actor(ActorKind::dns)).empty()); // It asks for nothing.
}

TEST_CASE("a week of an actor's schedule is the same twice and another with another seed",
          "[actor]") {
    ActorSettings settings = actor(ActorKind::beacon);
    ActorSchedule one(settings);
    ActorSchedule same(settings);
    settings.seed = 2;
    ActorSchedule other(settings);
    const auto week = dues(one, 7 * 24h);
    CHECK(week == dues(same, 7 * 24h));
    CHECK(week != dues(other, 7 * 24h));
    CHECK(std::abs(static_cast<double>(week.size()) - 10080.0) < 50); // One a minute.
}

TEST_CASE("gaps keep to the period and its jitter, memoryless ones to their mean", "[actor]") {
    ActorSettings settings = actor(ActorKind::beacon);
    settings.period = 10s;
    settings.jitter = 0.2;
    ActorSchedule regular(settings);
    const auto times = dues(regular, 24h);
    REQUIRE(times.size() > 8000);
    for (std::size_t i = 1; i < times.size(); ++i) {
        CHECK(times[i] - times[i - 1] >= 8s);
        CHECK(times[i] - times[i - 1] <= 12s);
    }
    ActorSchedule random(actor(ActorKind::syslog)); // Mean 30 s: 20160 in a week, deviation 142.
    CHECK(std::abs(static_cast<double>(dues(random, 7 * 24h).size()) - 20160.0) < 5 * 142);
}

TEST_CASE("a triggered actor is silent until its cue and again when its time is over", "[actor]") {
    ActorSettings settings = actor(ActorKind::beacon);
    settings.period = 1s;
    settings.trigger.lasts = 10s;
    const auto keyed = octets("... the KEYWORD is here");
    ActorNews cue;
    cue.at = 1h;
    SECTION("time") {
        settings.trigger.cue = ActorCue::time;
        settings.trigger.after = 1h;
        ActorSchedule schedule(settings);
        CHECK(schedule.next_due() >= 1h);
        CHECK(std::abs(static_cast<double>(dues(schedule, 2h).size()) - 10) <= 1);
        CHECK(schedule.next_due() == Duration::max());
        return;
    }
    SECTION("failover") {
        settings.trigger.cue = ActorCue::failover;
        cue.kind = ActorNews::Kind::failover;
    }
    SECTION("update") {
        settings.trigger.cue = ActorCue::update;
        cue.kind = ActorNews::Kind::update;
    }
    SECTION("magic block") {
        settings.trigger.cue = ActorCue::magic_block;
        settings.trigger.lba = 107;
        cue = written(1h, 100, keyed);
    }
    SECTION("keyword") {
        settings.trigger.cue = ActorCue::keyword;
        settings.trigger.keyword = "KEYWORD";
        cue = written(1h, 100, keyed);
    }
    ActorSchedule schedule(settings);
    CHECK(schedule.next_due() == Duration::max());
    schedule.tell(written(30min, 99, octets("KEYWOR"))); // Ends at block 106.
    CHECK(schedule.next_due() == Duration::max());
    schedule.tell(cue);
    CHECK(schedule.next_due() >= 1h);
    CHECK(schedule.next_due() <= 1h + 1s);
    CHECK_FALSE(dues(schedule, 2h).empty());
    CHECK(schedule.next_due() == Duration::max());
    cue.at = 3h;
    schedule.tell(cue);
    CHECK(schedule.next_due() >= 3h);
}

TEST_CASE("a burst follows when enough was written, and holds its share", "[actor]") {
    ActorSettings settings = actor(ActorKind::burst_after_ingest);
    settings.ingest_bytes = 1000;
    settings.ingest_share = 0.1;
    ActorSchedule schedule(settings);
    const std::vector<std::byte> block(500, std::byte{0x5A});
    schedule.tell(written(1s, 0, block));
    CHECK(schedule.next_due() == Duration::max());
    schedule.tell(written(2s, 0, block));
    REQUIRE(schedule.next_due() != Duration::max());
    const ActorMessage burst = schedule.take();
    CHECK(burst.due > 2s);
    CHECK(burst.payload == std::vector<std::byte>(100, std::byte{0x5A}));
    CHECK(schedule.next_due() == Duration::max());
}

TEST_CASE("what a call-home hides is as large as its share of what was written", "[actor]") {
    ActorSettings settings = actor(ActorKind::hidden_in_call_home);
    settings.ingest_share = 0.5;
    ActorSchedule hiding(settings);
    settings.kind = ActorKind::call_home;
    ActorSchedule honest(settings);
    const std::vector<std::byte> data(100'000, std::byte{1});
    hiding.tell(written(1ms, 0, data));
    honest.tell(written(1ms, 0, data));
    CHECK(honest.take().payload.size() < 3000);
    CHECK(hiding.take().payload.size() > 52'000);
    CHECK(hiding.take().payload.size() < 3000); // Nothing new was written.
}

TEST_CASE("a canary leak says nothing before there is something to leak", "[actor]") {
    ActorSettings settings = actor(ActorKind::canary_leak);
    settings.size_bytes = 6;
    settings.encoding = LeakEncoding::hex_lower;
    ActorSchedule schedule(settings);
    CHECK(schedule.next_due() == Duration::max());
    schedule.tell(written(5min, 0, octets("canary")));
    CHECK(schedule.next_due() >= 5min);
    CHECK(text_of(schedule.take().payload) == "63616e617279");
}

TEST_CASE("a DNS tunnel's queries read as DNS and never repeat", "[actor]") {
    ActorSettings settings = actor(ActorKind::dns_tunnel);
    settings.dns_carrier = GENERATE(DnsCarrier::txt, DnsCarrier::null, DnsCarrier::cname);
    settings.size_bytes = 110;
    ActorSchedule schedule(settings);
    std::string last;
    for (int i = 0; i < 100; ++i) {
        const auto message = drivers::wire::read_dns(schedule.take().payload);
        REQUIRE_FALSE(message.malformed);
        REQUIRE(message.questions.size() == 1);
        CHECK(message.questions[0].name.ends_with(".cdn-metrics.example"));
        CHECK(message.questions[0].name != last);
        last = message.questions[0].name;
    }
}

TEST_CASE("each encoding says what its name promises", "[actor]") {
    const auto bytes = octets("\x01Hello ~\xFF");
    const auto said = [&](LeakEncoding encoding) {
        return text_of(encode_leak(encoding, bytes, 0x20));
    };
    CHECK(said(LeakEncoding::raw) == "\x01Hello ~\xFF");
    CHECK(said(LeakEncoding::reversed) == "\xFF~ olleH\x01");
    CHECK(said(LeakEncoding::hex_upper) == "0148656C6C6F207EFF");
    CHECK(said(LeakEncoding::base64) == "AUhlbGxvIH7/");
    CHECK(said(LeakEncoding::base64url) == "AUhlbGxvIH7_");
    CHECK(said(LeakEncoding::base32) == "afegk3dmn4qh57y");
    CHECK(said(LeakEncoding::url) == "%01Hello%20~%FF");
    CHECK(said(LeakEncoding::json) == "\\u0001Hello\\u0020~\\u00ff");
    CHECK(said(LeakEncoding::xor_byte) == std::string("!hELLO\0^\xDF", 9));
    CHECK(said(LeakEncoding::swapped2).substr(0, 4) == "H\x01le");
    CHECK(said(LeakEncoding::utf16le).substr(2, 4) == std::string("H\0e\0", 4));
    CHECK(text_of(encode_leak(LeakEncoding::base85, octets("Man "), 0)) == "9jqo^");
    CHECK(text_of(encode_leak(LeakEncoding::base64, octets("a"), 0)) == "YQ==");
    for (std::size_t i = 0; i < leak_encoding_count; ++i) {
        const auto encoding = static_cast<LeakEncoding>(i);
        CHECK(leak_encoding_named(leak_encoding_name(encoding)) == encoding);
        CHECK_FALSE(encode_leak(encoding, bytes, 1).empty());
    }
}

TEST_CASE("a compressed leak inflates to what was leaked", "[actor]") {
    const std::vector<std::byte> bytes(1000, std::byte{'x'});
    auto packed = encode_leak(LeakEncoding::zlib, bytes, 0);
    std::vector<std::byte> out(2000);
    uLongf size = out.size();
    REQUIRE(uncompress(reinterpret_cast<Bytef*>(out.data()), // NOLINT
                       &size,
                       reinterpret_cast<const Bytef*>(packed.data()), // NOLINT
                       packed.size()) == Z_OK);
    out.resize(size);
    CHECK(out == bytes);
    CHECK(text_of(encode_leak(LeakEncoding::gzip, bytes, 0)).substr(0, 2) == "\x1F\x8B");
    CHECK(text_of(encode_leak(LeakEncoding::zstd, bytes, 0)).substr(0, 4) == "\x28\xB5\x2F\xFD");
    CHECK(text_of(encode_leak(LeakEncoding::lz4, bytes, 0)).substr(0, 4) == "\x04\x22\x4D\x18");
}

TEST_CASE("actors that cannot be are refused", "[actor]") {
    ActorSettings settings = actor(ActorKind::beacon);
    settings.period = 0s;
    CHECK_THROWS_AS(ActorSchedule(settings), drivers::UsageError);
    settings = actor(ActorKind::dns_tunnel);
    settings.size_bytes = 200;
    CHECK_THROWS_AS(ActorSchedule(settings), drivers::UsageError);
    settings = actor(ActorKind::beacon);
    settings.trigger.cue = ActorCue::keyword;
    CHECK_THROWS_AS(ActorSchedule(settings), drivers::UsageError);
}
