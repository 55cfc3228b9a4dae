// SPDX-License-Identifier: Apache-2.0
// What chosen input can make an analysis do, counted: places of tables, segments heard at once.
#include "bench/egress/dns_watch.h"
#include "bench/egress/pile.h"
#include "bench/egress/recent_table.h"
#include "bench/egress/services.h"
#include "bench/egress/slot_table.h"
#include "bench/egress/tcp_streams.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <string>

using namespace bench::egress;

namespace {

struct NumberKey {
    std::uint64_t value = 0;
    bool operator==(const NumberKey&) const = default;
    std::uint64_t hash(const bench::integrity::SipSecret& secret) const noexcept {
        return bench::integrity::SipHash<1, 3>(secret).end(8, value);
    }
};

Packet query_packet() {
    Packet out;
    out.source = *drivers::wire::parse_ip_address("192.0.2.1");
    out.destination = *drivers::wire::parse_ip_address("192.0.2.53");
    out.protocol = drivers::wire::protocol_udp;
    out.source_port = 40'000;
    out.destination_port = 53;
    return out;
}

void ask(DnsWatch& watch, const std::string& name, std::uint16_t type = 1) {
    drivers::wire::DnsMessage message;
    message.questions.push_back({name, type});
    watch.message(message, query_packet(), 1);
}

// Hears how often and how much.
struct Ear final : StreamHearer {
    void heard(std::uint32_t, std::size_t, drivers::wire::Bytes bytes, std::uint64_t) override {
        ++times;
        all += bytes.size();
    }
    std::size_t times = 0;
    std::size_t all = 0;
};

void say(TcpStreams& streams, std::uint32_t stream, std::uint32_t sequence, std::size_t bytes) {
    static const std::vector<std::byte> data(65536, std::byte{'x'});
    Packet packet;
    packet.tcp_sequence = sequence;
    packet.payload = drivers::wire::Bytes(data).first(bytes);
    streams.add(stream, 0, packet);
}

} // namespace

TEST_CASE("a table of slots keeps what is put in, through growth and removals", "[egress]") {
    std::mt19937 random(5);
    SlotTable table;
    std::map<std::uint32_t, std::uint32_t> model; // Number -> hash
    std::uint32_t next = 0;
    for (int step = 0; step < 60'000; ++step) {
        if (model.empty() || random() % 5 != 0) {
            const std::uint32_t hash =
                random() % 4 == 0 ? 77U : static_cast<std::uint32_t>(random());
            if (hash == 77U && random() % 64 != 0) {
                continue; // A few fall together.
            }
            table.insert(hash, next);
            model[next++] = hash;
        } else {
            auto gone = model.lower_bound(static_cast<std::uint32_t>(random()) % next);
            gone = gone == model.end() ? model.begin() : gone;
            table.erase(gone->second, gone->first);
            model.erase(gone);
        }
        if (step % 64 == 0 && next > 0) {
            const std::uint32_t number = static_cast<std::uint32_t>(random()) % next;
            const auto known = model.find(number);
            const std::uint32_t hash = known == model.end() ? 77U : known->second;
            const std::uint32_t found =
                table.find(hash, [&](std::uint32_t one) { return one == number; });
            REQUIRE(found == (known == model.end() ? SlotTable::none : number));
        }
    }
    CHECK(table.size() == model.size());
    for (const auto& [number, hash] : model) {
        REQUIRE(table.find(hash, [&, wanted = number](std::uint32_t one) {
            return one == wanted;
        }) == number);
    }
}

TEST_CASE("no look into a growing table of keyed slots costs more than a few places", "[egress]") {
    const auto secret = bench::integrity::drawn_secret();
    SlotTable table;
    std::uint64_t most = 0;
    constexpr std::uint32_t entries = 300'000;
    for (std::uint32_t i = 0; i < entries; ++i) {
        const auto hash = static_cast<std::uint32_t>(NumberKey{i}.hash(secret));
        const std::uint64_t before = table.probes();
        (void)table.find(hash, [](std::uint32_t) { return false; });
        most = std::max(most, table.probes() - before);
        table.insert(hash, i);
    }
    CHECK(most < 200); // Half full, two tables while it grows: the longest of so many runs
    CHECK(table.probes() < 8ULL * entries);
}

TEST_CASE("a pile never moves what it holds", "[egress]") {
    Pile<std::string> pile;
    const std::string* first = &pile.emplace_back();
    pile[0] = "first";
    for (int i = 1; i < 10'000; ++i) {
        pile.push_back(std::to_string(i));
    }
    CHECK(first == &pile[0]);
    CHECK(*first == "first");
    CHECK(pile[9'999] == "9999");
    std::size_t count = 0;
    for (const std::string& one : pile) {
        count += one.empty() ? 0U : 1U;
    }
    CHECK(count == 10'000);
}

TEST_CASE("a table of what is recent forgets one at a time, and what is asked for last",
          "[egress]") {
    constexpr std::uint64_t room = 1000;
    RecentTable<NumberKey, std::uint64_t> table(room);
    std::size_t gone_at_once = 0;
    std::size_t most_at_once = 0;
    const auto gone = [&](const NumberKey&, std::uint64_t) {
        ++gone_at_once;
    };
    constexpr NumberKey kept{42};
    for (std::uint64_t i = 0; i < 5 * room; ++i) {
        gone_at_once = 0;
        table.find_or_make({i}, gone) = i;
        most_at_once = std::max(most_at_once, gone_at_once);
        REQUIRE(*table.find({i}) == i);
        if (i > kept.value) {
            (void)table.find_or_make(kept, gone);
        }
    }
    CHECK(table.size() == room);
    CHECK(table.forgotten() == 4 * room);
    CHECK(most_at_once == 1);
    REQUIRE(table.find(kept) != nullptr);
    CHECK(*table.find(kept) == kept.value);
    CHECK(table.find({kept.value + 1}) == nullptr);
    table.erase(kept);
    CHECK(table.find(kept) == nullptr);
    (void)table.find_or_make({999'999}, gone); // Into the free place
    CHECK(table.forgotten() == 4 * room);
}

TEST_CASE("a new domain in every query costs a few places of the tables each", "[egress]") {
    DnsWatch watch;
    constexpr std::uint64_t queries = 60'000;
    for (std::uint64_t i = 0; i < queries; ++i) {
        ask(watch, "n" + std::to_string(i) + ".d" + std::to_string(i) + ".example");
    }
    CHECK(watch.probes() < 16 * queries); // Three looks each
    CHECK(watch.left_out() == 0);
    DnsWatch full;
    for (std::uint64_t i = 0; i < 100'500; ++i) {
        ask(full, "d" + std::to_string(i) + ".example");
    }
    CHECK(full.left_out() == 501); // One entry is the pair's.
}

TEST_CASE("types that are asked for are told in order, and that there were too many", "[egress]") {
    DnsTypes few;
    for (const int type : {28, 16, 1, 28, 99}) {
        few.add(static_cast<std::uint16_t>(type));
    }
    CHECK(few.text() == "A, TXT, AAAA, type 99");
    DnsTypes many;
    for (std::uint16_t type = 1000; type-- > 1;) {
        many.add(type);
    }
    CHECK_THAT(many.text(), Catch::EndsWith("type 999 and more"));
    CHECK(many.text().size() < 250);
}

TEST_CASE("what a new name adds is counted once, below its domain and for its pair", "[egress]") {
    DnsWatch watch;
    for (int again = 0; again < 3; ++again) {
        ask(watch, std::string(60, 'a') + "." + std::string(60, 'b') + ".d.example", 16);
    }
    DnsLimits limits; // 121 characters stand below the domain.
    limits.single_query_characters = 1000;
    limits.domain_characters = 120;
    CHECK(watch.suspicions(limits).size() == 1);
    limits.domain_characters = 121;
    CHECK(watch.suspicions(limits).empty());
}

TEST_CASE("segments that wait are heard together, and gaps a few at a time", "[egress]") {
    Ear ear;
    TcpStreams streams(ear);
    const std::uint32_t stream = streams.open();
    say(streams, stream, 0, 1);
    constexpr std::uint32_t singles = 2000;
    for (std::uint32_t i = singles; i-- > 1;) { // Backwards
        say(streams, stream, 1 + i, 1);
    }
    CHECK(ear.times == 1);
    say(streams, stream, 1, 1);
    CHECK(ear.all == 1 + singles);
    CHECK(ear.times == 3);

    std::size_t most = 0;
    const std::uint32_t from = 1 + singles;
    for (std::uint32_t i = 0; i < 20'000; ++i) { // Every second byte is missing.
        const std::size_t before = ear.times;
        say(streams, stream, from + 1 + 2 * i, 1);
        most = std::max(most, ear.times - before);
    }
    CHECK(most == 1);
    const std::size_t before = ear.times;
    streams.close(stream);
    CHECK(ear.times - before < 2'600); // What waits is bounded by count too.
    CHECK(ear.all == 1 + singles + 20'000);
}

TEST_CASE("what waits in all streams is bounded, and one frame pays for what it brings",
          "[egress]") {
    Ear ear;
    TcpStreams::Limits limits;
    limits.waiting_bytes_max_total = 200'000;
    TcpStreams streams(ear, limits);
    std::size_t most = 0;
    for (int i = 0; i < 20; ++i) {
        const std::uint32_t stream = streams.open();
        say(streams, stream, 0, 1);
        for (std::uint32_t piece = 0; piece < 100; ++piece) {
            const std::size_t before = ear.times;
            say(streams, stream, 2 + 20 * piece, 10);
            most = std::max(most, ear.times - before);
        }
    }
    CHECK(ear.times > 20);
    CHECK(most <= 3);
}

TEST_CASE("the end of a connection costs the same however many its service has had", "[egress]") {
    Services services;
    Flow flow;
    flow.initiator = Initiator::first_end;
    flow.key.protocol = drivers::wire::protocol_tcp;
    flow.key.ports = {0, 443};
    std::vector<Flow> flows;
    for (std::uint16_t i = 1; i <= 9000; ++i) {
        flow.key.ports[0] = i;
        flow.first_ns = i;
        flow.bytes = {i, 0};
        const Services::Begun begun = services.begin(flow);
        flow.service = begun.service;
        flow.start = begun.start;
        flows.push_back(flow);
    }
    for (const Flow& one : flows) {
        services.end(one);
    }
    REQUIRE(services.all().size() == 2);
    const Service& service = services.all()[1];
    REQUIRE(service.start_bytes.size() == service_events_max);
    CHECK(service.start_bytes.front() == 1);
    CHECK(service.start_bytes.back() == service_events_max);
    CHECK(flows.back().start == 0); // Not kept, and not looked for.
    CHECK(service.events_left_out == 9000 - service_events_max);
}
