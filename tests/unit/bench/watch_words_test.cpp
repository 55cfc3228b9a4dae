// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watch_words.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "profiles/policy_file.h"
#include "tests/fakes/watched_frames.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace bench::campaign;

namespace {

constexpr std::size_t text_max = 100;

std::vector<WatchWord> words_of(const std::string& bytes, std::size_t piece) {
    WatchWordStream stream;
    std::vector<WatchWord> out;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        stream.bytes() += bytes.substr(at, piece);
        while (auto word = stream.next(text_max)) {
            out.push_back(*word);
        }
    }
    return out;
}

WatchWord sample(const std::string& text) {
    return {WatchWord::Kind::books, -5, ~std::uint64_t{0}, 65535, {1, 2, 3, 4, 5, -6}, text};
}

} // namespace

TEST_CASE("words of a watch come back as they were, however they are cut", "[egress]") {
    const std::string bytes =
        word_bytes(sample("")) + word_bytes(sample(std::string("a\0b", 3))) + word_bytes({});
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        const auto words = words_of(bytes, piece);
        REQUIRE(words.size() == 3);
        CHECK(word_bytes(words[0]) + word_bytes(words[1]) + word_bytes(words[2]) == bytes);
        CHECK(words[1].text.size() == 3);
        CHECK(words[1].books == sample("").books);
        CHECK(words[1].at_ns == -5);
    }
    CHECK(words_of(bytes.substr(0, bytes.size() - 1), bytes.size()).size() == 2);
}

TEST_CASE("what is no word is refused before its text has come", "[egress]") {
    std::string unknown = word_bytes({});
    unknown[0] = 16;
    CHECK_THROWS_AS(words_of(unknown, unknown.size()), drivers::HostError);
    CHECK_NOTHROW(words_of(word_bytes(sample(std::string(text_max, 'x'))), 7));
    const std::string long_text = word_bytes(sample(std::string(text_max + 1, 'x')));
    CHECK_THROWS_AS(words_of(long_text.substr(0, 88), 88), drivers::HostError);
    std::string place = word_bytes({});
    place[26] = 1; // 65536
    CHECK_THROWS_AS(words_of(place, place.size()), drivers::HostError);
    CHECK_THROWS_AS(words_of(std::string(88, '\xff'), 88), drivers::HostError);
}

TEST_CASE("a child is ordered to watch by all that a policy says", "[egress]") {
    for (const auto& entry :
         std::filesystem::directory_iterator(tests::source_dir() + "/profiles/policies")) {
        INFO(entry.path());
        WatchOrders orders = tests::watch_orders({"eth2", "eth3"});
        orders.policy = profiles::read_policy(entry.path().string());
        orders.taps[1].header_only_ports = {3260, 4420};
        (*orders.marker_key)[31] = 255;
        const WatchOrders back = orders_from(orders_text(orders));
        CHECK(orders_text(back) == orders_text(orders));
        CHECK(back.policy.file == orders.policy.file);
        CHECK(back.policy.rules.size() == orders.policy.rules.size());
        CHECK(back.taps[1].interface == "eth3");
        CHECK(back.taps[1].tap == 1);
        CHECK(back.taps[1].header_only_ports == orders.taps[1].header_only_ports);
        CHECK(back.marker_key == orders.marker_key);
        CHECK(back.canaries->key == orders.canaries->key);
    }
    CHECK_THROWS_AS(orders_from("{}"), profiles::FileError);
}

TEST_CASE("every field of a rule reaches the child", "[egress]") {
    const char* const text = R"({"$schema": "arraybench/policy/1", "name": "all",
        "array_addresses": ["10.0.0.0/8"], "rules": [{"name": "r", "purpose": "p", "protocol": "tcp",
        "phases": ["a"], "array_ports": ["10.0.0.1"], "vlan": 7, "direction": "from array",
        "remotes": ["*.example.net"], "ports": [443], "bytes_per_interval": "1234567B",
        "interval": "1500ms", "frame_bytes_max": "1501B", "period": "61s",
        "period_tolerance": 0.3, "dns_names": ["x.y"], "encapsulations": ["vxlan"],
        "storage": true}]})";
    WatchOrders orders = tests::watch_orders({"eth2"});
    orders.policy = profiles::parse_policy(text, "all.json");
    const profiles::PolicyRule rule = orders_from(orders_text(orders)).policy.rules.at(0);
    const profiles::PolicyRule& want = orders.policy.rules[0];
    CHECK(rule.purpose == want.purpose);
    CHECK(rule.phases == want.phases);
    CHECK(rule.array_ports == want.array_ports);
    CHECK(rule.vlan == want.vlan);
    CHECK(rule.direction == want.direction);
    CHECK(rule.remotes == want.remotes);
    CHECK(rule.ports == want.ports);
    CHECK(rule.bytes_per_interval == want.bytes_per_interval);
    CHECK(rule.interval == want.interval);
    CHECK(rule.frame_bytes_max == want.frame_bytes_max);
    CHECK(rule.period == want.period);
    CHECK(rule.period_tolerance == want.period_tolerance);
    CHECK(rule.dns_names == want.dns_names);
    CHECK(rule.encapsulations == want.encapsulations);
    CHECK(rule.storage == want.storage);
}
