// SPDX-License-Identifier: Apache-2.0
// What a canary search spends on content that was chosen to cost: in proportion to what was
// carried, made up for at the end, and said where it was not enough.
#include "bench/egress/canary_search.h"
#include "bench/egress/made_frames.h"

#include <catch2/catch.hpp>

#include <zlib.h>

#include <algorithm>
#include <random>

using namespace bench::egress;
using namespace bench::integrity;

namespace {

constexpr CanaryPlace place{.address_bytes = 0x12A000, .lun = 7};
constexpr std::size_t segment_bytes = 1448;

CanaryKeyFile search_key() {
    CanaryKeyFile out;
    out.key.fill(std::byte{7});
    return out;
}

std::string token_text() {
    const CanaryToken token = CanaryPlanter(search_key().key, place).token(place.address_bytes);
    return {reinterpret_cast<const char*>(token.data()), token.size()}; // NOLINT
}

std::string gzipped(const std::string& text) {
    constexpr int gzip_window = 31;
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) ==
            Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 32, '\0');
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data()); // NOLINT
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data()); // NOLINT
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string random_bytes(std::size_t count) {
    std::mt19937 random(3);
    std::string out(count, '\0');
    std::generate(out.begin(), out.end(), [&] { return static_cast<char>(random()); });
    return out;
}

// A stream through analysis and search, and what was found in it.
struct Sent {
    explicit Sent(const std::string& stream)
        : policy(profiles::Policy{})
        , search(search_key())
        , analysis(policy, {.evidence_bytes_max = 0, .content = &search}) {
        drivers::wire::FrameEnds ends;
        ends.source = *drivers::wire::parse_ip_address("192.0.2.1");
        ends.destination = *drivers::wire::parse_ip_address("192.0.2.2");
        ends.source_port = 40'000;
        ends.destination_port = 8080;
        for (std::size_t at = 0; at < stream.size(); at += segment_bytes) {
            const std::uint64_t before = search.tools().budget.unpacked_bytes();
            const std::string payload = stream.substr(at, segment_bytes);
            analysis.frame(frame_of(
                drivers::wire::write_tcp_frame(ends,
                                               {static_cast<std::uint32_t>(1 + at), 1, 0x18},
                                               std::as_bytes(std::span(payload))),
                static_cast<std::int64_t>(1 + at)));
            most_unpacked =
                std::max(most_unpacked, search.tools().budget.unpacked_bytes() - before);
        }
        unpacked = search.tools().budget.unpacked_bytes();
        analysis.finish();
        search.finish();
        find_canaries(search, analysis, findings);
    }

    std::size_t count(const std::string& kind) const {
        return static_cast<std::size_t>(
            std::count_if(findings.begin(), findings.end(), [&](const EgressFinding& one) {
                return one.kind == kind;
            }));
    }

    CompiledPolicy policy;
    CanarySearch search;
    Analysis analysis;
    std::uint64_t unpacked = 0;      // Before the capture ended
    std::uint64_t most_unpacked = 0; // By one frame
    std::vector<EgressFinding> findings;
};

constexpr const char* hid = "hid content from the canary search";

} // namespace

TEST_CASE("a bomb is unpacked in proportion while it passes, and to its end afterwards",
          "[canary]") {
    const std::string zeros(20U << 20U, '\0');
    const std::string bomb = gzipped(zeros + token_text() + std::string(100, '\0'));
    REQUIRE(bomb.size() < zeros.size() / 100);
    const Sent sent(bomb);
    constexpr std::uint64_t room = 16U << 10U;
    CHECK(sent.unpacked <= 8 * bomb.size() + SearchBudget::unpacked_reserve + room);
    CHECK(sent.most_unpacked <= 8 * segment_bytes + SearchBudget::unpacked_reserve + room);
    CHECK(sent.count("canary") == 1); // Nothing was lost.
    CHECK(sent.count(hid) == 0);
    CHECK(sent.search.tools().unpackers == 0);
    CHECK(sent.search.tools().waiting_bytes == 0);
}

TEST_CASE("what is longer than any search goes on is a finding about its sender", "[canary]") {
    const std::string bomb = gzipped(std::string(65U << 20U, '\0') + token_text());
    const Sent sent(bomb);
    CHECK(sent.count("canary") == 0);
    REQUIRE(sent.count(hid) == 1);
    const EgressFinding& finding = sent.findings.front();
    CHECK(finding.severity == "finding");
    CHECK_THAT(finding.summary, Catch::StartsWith("192.0.2.1:40000 sent 192.0.2.2:8080"));
    CHECK(finding.details.at("packed streams too long") == "1");
    const auto lines = canary_lines(sent.search, sent.analysis);
    CHECK(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find("search budget exhausted") != std::string::npos;
    }));
}

TEST_CASE("beginnings of packed streams without end cost their share and are a finding",
          "[canary]") {
    std::string heads;
    while (heads.size() < 600'000) {
        heads += std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
    }
    const Sent sent(heads);
    const SearchBudget& budget = sent.search.tools().budget;
    const std::uint64_t segments = heads.size() / segment_bytes + 1;
    CHECK(budget.begun() <=
          SearchBudget::begun_reserve + segments + heads.size() / SearchBudget::bytes_per_begun);
    CHECK(sent.search.tools().unsearched.not_begun > 10 * budget.begun());
    CHECK(sent.count(hid) == 1);
}

TEST_CASE("random bytes and ordinary packed text hide nothing", "[canary]") {
    const Sent noise(random_bytes(4U << 20U));
    CHECK(noise.findings.empty());
    CHECK(noise.search.tools().unsearched.packed_bytes == 0);
    std::string text;
    for (int i = 0; text.size() < (6U << 20U); ++i) {
        text += "<134>Nov 22 02:10:01 array-a: volume " + std::to_string(i * 7919 % 10'007) +
                " latency nominal\n";
    }
    const Sent honest(gzipped(text));
    CHECK(honest.findings.empty());
    CHECK(honest.search.tools().unpacked_streams == 1);
    CHECK(honest.search.tools().budget.unpacked_bytes() == text.size());
}

TEST_CASE("markers end to end are one finding, whether each token is read or not", "[canary]") {
    std::string flood;
    const std::string marker = token_text().substr(0, canary_marker_bytes);
    while (flood.size() < 400'000) {
        flood += marker;
    }
    const Sent sent(flood + std::string(600, '.') + token_text() + std::string(600, '.'));
    CHECK(sent.search.tools().unread > 10'000);
    CHECK(sent.count("canary") >= 1);
    std::uint64_t all = 0;
    for (const CanaryGroup& group : sent.search.groups()) {
        all += group.count;
    }
    CHECK(all >= flood.size() / marker.size());
    const Sent quiet(std::string(2000, '.') + token_text() + std::string(600, '.'));
    CHECK(quiet.search.tools().unread == 0);
    REQUIRE(quiet.search.groups().size() == 1);
    CHECK(quiet.search.groups()[0].authentic);
    CHECK(quiet.search.groups()[0].count == 1);
}

TEST_CASE("sectors with a token each are all read", "[canary]") {
    const CanaryPlanter planter(search_key().key, place);
    std::string sectors;
    for (std::uint64_t sector = 0; sector < 4000; ++sector) {
        const CanaryToken token = planter.token(512 * sector);
        sectors.append(reinterpret_cast<const char*>(token.data()), token.size()); // NOLINT
        sectors.append(512 - token.size(), '.');
    }
    const Sent sent(sectors);
    CHECK(sent.search.tools().unread == 0);
    REQUIRE(sent.search.groups().size() == 1);
    CHECK(sent.search.groups()[0].count == 4000);
}

TEST_CASE("deflate blocks that hold nothing do not end what follows them", "[canary]") {
    // Fixed tables and an end of block at once, ten bits each: a decoder goes on through several of
    // them without taking a byte.
    std::string raw("\x78\x9c", 2);
    unsigned held = 0;
    unsigned bits = 0;
    for (int block = 0; block < 1000; ++block) {
        held |= 0b010U << bits;
        for (bits += 10; bits >= 8; bits -= 8) {
            raw += static_cast<char>(held & 0xFFU);
            held >>= 8U;
        }
    }
    REQUIRE(bits == 0);
    const std::string inside = std::string(100, '.') + token_text() + std::string(100, '.');
    raw += std::string("\x00", 1) + static_cast<char>(inside.size()) + std::string("\x00", 1) +
           static_cast<char>(~inside.size()) + std::string("\xff", 1) + inside;
    CHECK(Sent(raw).count("canary") >= 1);
    std::vector<std::byte> room(4096);
    Unpacker unpacker(Packing::zlib);
    std::size_t out = 0;
    std::size_t asked = 0;
    (void)unpacker.take(
        std::as_bytes(std::span(raw)),
        room,
        [&](Bytes bytes) { out += bytes.size(); },
        [&](std::size_t) { return ++asked > 0; });
    CHECK(out == inside.size());
    CHECK(asked >= 1000); // Each block is asked for, though nothing comes out of it.
}
