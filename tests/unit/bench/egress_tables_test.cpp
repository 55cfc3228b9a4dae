// SPDX-License-Identifier: Apache-2.0
// Tables whose keys an enemy chooses: neither slow nor silent about what they left out.
#include "bench/egress/findings.h"
#include "bench/egress/flow_table.h"
#include "bench/egress/zeek_log_file.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <fmt/format.h>
#include <random>
#include <set>
#include <sstream>

using namespace bench::egress;

namespace {

constexpr std::size_t many = 20'000;

// A flow whose first address was computed so that the hash for exports, which has no key and can be
// turned round, is the same for every `chosen`.
FlowKey colliding_key(std::uint64_t chosen) {
    constexpr std::uint64_t factor = 0x9E3779B97F4A7C15ULL;
    const std::uint64_t other = 0x0123456789ABCDEFULL ^ ((chosen + 2 * factor) * factor);
    FlowKey key;
    key.protocol = drivers::wire::protocol_udp;
    key.ends[0].family = 6;
    key.ends[1].family = 6;
    key.ends[0].bytes[15] = 2;
    std::memcpy(key.ends[1].bytes.data(), &other, sizeof other);
    std::memcpy(key.ends[1].bytes.data() + 8, &chosen, sizeof chosen);
    key.ports = {443, 40'000};
    return key;
}

std::vector<FlowKey> colliding_keys() {
    std::mt19937_64 random(1);
    std::vector<FlowKey> out;
    for (std::size_t i = 0; i < many; ++i) {
        out.push_back(colliding_key(random()));
    }
    return out;
}

std::uint64_t left_out(const Analysis& analysis, const std::string& table) {
    for (const TableUse& one : analysis.tables()) {
        if (one.table == table) {
            return one.left_out;
        }
    }
    return 0;
}

} // namespace

TEST_CASE("addresses chosen to fall together fall apart under the key of a table", "[egress]") {
    const auto keys = colliding_keys();
    std::set<std::uint64_t> stable;
    std::set<std::uint32_t> keyed;
    std::set<std::uint32_t> keyed_again;
    const auto secret = bench::integrity::drawn_secret();
    const auto other = bench::integrity::drawn_secret();
    for (const FlowKey& key : keys) {
        stable.insert(key.stable_hash());
        keyed.insert(static_cast<std::uint32_t>(key.hash(secret)));
        keyed_again.insert(static_cast<std::uint32_t>(key.hash(other)));
    }
    CHECK(stable.size() == 1); // The attack is a real one against the hash without a key.
    CHECK(keyed.size() > many - 10);
    CHECK(keyed_again.size() > many - 10);
    CHECK(*keyed.begin() != *keyed_again.begin()); // Nothing to learn from another process.
}

TEST_CASE("every part of a flow's key is in its hash", "[egress]") {
    const auto secret = bench::integrity::drawn_secret();
    std::vector<FlowKey> keys(11, colliding_key(7));
    keys[1].ends[0].bytes[3] = 1;
    keys[2].ends[1].bytes[12] = 1;
    keys[3].ports[0] = 1;
    keys[4].ports[1] = 1;
    keys[5].vlan = 1;
    keys[6].vlan_outer = 1;
    keys[7].ether_type = 1;
    keys[8].protocol = 1;
    keys[9].encapsulation = 1;
    keys[10].ends[0].family = 4;
    std::set<std::uint64_t> hashes;
    for (const FlowKey& key : keys) {
        hashes.insert(key.hash(secret));
    }
    CHECK(hashes.size() == keys.size());
}

TEST_CASE("a table of flows that are meant to collide keeps and folds as any other", "[egress]") {
    std::size_t folded = 0;
    FlowTable table(many / 2, [&](const Flow&) { ++folded; });
    for (const FlowKey& key : colliding_keys()) {
        CHECK(table.find_or_make(key).fresh);
        CHECK_FALSE(table.find_or_make(key).fresh);
    }
    CHECK(folded == many / 2);
    CHECK(table.size() == many / 2);
}

TEST_CASE("what a full table left out is said, and a table with room says nothing", "[egress]") {
    const CompiledPolicy policy{profiles::Policy{}};
    Analysis analysis(policy, {.flows_max = 4, .evidence_bytes_max = 0, .dns_log_max = 2});
    std::string connections = "#separator \\x09\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\t"
                              "id.resp_p\tproto\torig_bytes\tresp_bytes\torig_pkts\tresp_pkts\n";
    for (int i = 0; i < 9; ++i) {
        connections +=
            fmt::format("{}.0\t10.0.0.1\t{}\t10.0.0.2\t443\ttcp\t1\t1\t1\t1\n", i, 5000 + i);
    }
    std::istringstream in(connections);
    read_zeek(&in, nullptr, analysis);
    analysis.finish();
    CHECK(left_out(analysis, "flows") == 5);
    CHECK(left_out(analysis, "services") == 0);
    std::vector<EgressFinding> notes;
    find_full_tables(analysis, notes);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].severity == "note");
    CHECK_THAT(notes[0].summary, Catch::StartsWith("flows: 5 older flows"));
    Analysis empty(policy, {});
    notes.clear();
    find_full_tables(empty, notes);
    CHECK(notes.empty());
}

TEST_CASE("names are learnt for a bounded number of addresses", "[egress]") {
    LearnedNames names;
    IpAddress address;
    address.family = 4;
    constexpr std::uint32_t bound = 100'000;
    for (std::uint32_t i = 0; i < bound + 50; ++i) {
        std::memcpy(address.bytes.data(), &i, sizeof i);
        names.learn(address, "one.example");
    }
    CHECK(names.left_out() == 50);
    CHECK(names.name_index(address) == 0);
    const std::uint32_t first = 0;
    std::memcpy(address.bytes.data(), &first, sizeof first);
    names.learn(address, "two.example"); // A known address may change its name.
    CHECK(names.name(names.name_index(address)) == "two.example");
}

TEST_CASE("a line of JSON that nests without end is a bad line, and the next is read", "[egress]") {
    const CompiledPolicy policy{profiles::Policy{}};
    for (const std::string& bad :
         {std::string(R"({"ts":)") + std::string(100'000, '[') + std::string(100'000, ']') + "}",
          std::string(R"({"ts":1,"ts":2})"),
          std::string(R"({"ts":1e999})"),
          std::string("{\"ts\":\"\xff\"}")}) {
        Analysis analysis(policy, {});
        std::istringstream in(bad + "\n" +
                              R"({"ts":1.5,"id.orig_h":"10.0.0.1","id.orig_p":5000,)"
                              R"("id.resp_h":"10.0.0.2","id.resp_p":443,"proto":"tcp",)"
                              R"("orig_pkts":1,"resp_pkts":1})"
                              "\n");
        const ZeekCounts counts = read_zeek(&in, nullptr, analysis);
        CHECK(counts.bad_lines == 1);
        CHECK(counts.connections == 1);
    }
}
