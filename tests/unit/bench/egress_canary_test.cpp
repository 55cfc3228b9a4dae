// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_search.h"
#include "bench/integrity/stamp.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <fmt/format.h>

using namespace bench::egress;
using namespace bench::integrity;

namespace {

CanaryKeyFile key_of(unsigned number) {
    CanaryKeyFile out;
    out.key.fill(static_cast<std::byte>(number));
    return out;
}

constexpr CanaryPlace place{.address_bytes = 0x12A000, .lun = 7, .phase = 2, .arm = 1};

std::string token_text(unsigned key) {
    const CanaryToken token = CanaryPlanter(key_of(key).key, place).token(place.address_bytes);
    return {reinterpret_cast<const char*>(token.data()), token.size()}; // NOLINT
}

std::vector<CanaryHit> search(const std::string& text, unsigned key, std::size_t piece_bytes) {
    CanaryTools tools(key_of(key).key);
    CanaryView view(tools, 0, tools.outermost, true);
    std::vector<CanaryHit> out;
    const auto hear = [&](const CanaryHit& hit) {
        out.push_back(hit);
    };
    for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
        view.take(
            std::as_bytes(std::span(text)).subspan(at, std::min(piece_bytes, text.size() - at)),
            hear);
    }
    view.end(hear);
    return out;
}

} // namespace

TEST_CASE("SipHash gives the published value", "[canary]") {
    CanarySecret secret{};
    std::array<std::byte, 16> key{};
    std::array<std::byte, 15> data{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<std::byte>(i);
    }
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = static_cast<std::byte>(i);
    }
    std::memcpy(secret.data(), key.data(), key.size());
    CHECK(sip_hash(secret, data) == 0xA129CA6149BE45E5ULL); // Aumasson and Bernstein, appendix A
}

TEST_CASE("every encoding is found once wherever the pieces are cut, and tells its place",
          "[canary]") {
    for (const Encoding& encoding : all_encodings()) {
        const std::string block =
            token_text(1) + (encoding.codec == Codec::reversed ? "" : "moredata");
        const std::string text = std::string(90, '.') +
                                 encoded(encoding, std::as_bytes(std::span(block))) +
                                 "............";
        for (const std::size_t piece : {std::size_t{1}, std::size_t{37}, text.size()}) {
            INFO(name_of(encoding)
                 << " alignment " << int{encoding.alignment} << " piece " << piece);
            const auto hits = search(text, 1, piece);
            REQUIRE(hits.size() == 1);
            CHECK(hits[0].encoding == name_of(encoding));
            REQUIRE(hits[0].place);
            CHECK(*hits[0].place == place);
            CHECK(search(text, 2, piece).empty()); // Another run's canary
        }
    }
}

TEST_CASE("every one-byte XOR key is found and named", "[canary]") {
    for (unsigned key = 1; key < 256; ++key) {
        std::string text = std::string(50, 'x') + token_text(1) + std::string(50, 'x');
        for (char& letter : text) {
            letter = static_cast<char>(static_cast<unsigned char>(letter) ^ key);
        }
        const auto hits = search(text, 1, 40);
        REQUIRE(hits.size() == 1);
        CHECK(hits[0].encoding == fmt::format("XOR 0x{:02x}", key));
        CHECK(hits[0].place.has_value());
        REQUIRE(search(text, 2, 40).empty());
    }
}

TEST_CASE("a canary that was altered or cut is told apart from a whole one", "[canary]") {
    std::string altered = token_text(1) + std::string(60, '.');
    altered[20] = static_cast<char>(altered[20] ^ 1);
    const auto hits = search(altered, 1, 1000);
    REQUIRE(hits.size() == 1);
    CHECK_FALSE(hits[0].place);
    CHECK(search(token_text(1).substr(0, 30), 1, 1000).size() == 1);
    altered[3] = static_cast<char>(altered[3] ^ 1); // No marker, no canary
    CHECK(search(altered, 1, 1000).empty());
}

TEST_CASE("the positive control finds each of its samples with any key", "[canary]") {
    for (const unsigned number : {1U, 99U, 200U}) {
        const CanaryControl control = run_canary_control(key_of(number));
        INFO((control.missed.empty() ? "" : control.missed.front()));
        CHECK(control.missed.empty());
        CHECK(control.found == control.planted);
        CHECK(control.planted > 300);
    }
}

TEST_CASE("a marker reads alike for encoders that differ in what they escape", "[canary]") {
    for (unsigned number = 0; number < 50; ++number) {
        const CanaryMarker marker = canary_marker(key_of(number).key);
        for (std::uint8_t alignment = 0; alignment < 3; ++alignment) {
            const std::string text = pattern_of({Codec::base64, Wrapper::none, alignment}, marker);
            REQUIRE(text.size() >= 20);
            CHECK(text.find_first_of("+/") == std::string::npos);
        }
    }
}

TEST_CASE("a bomb is left after its limit and said", "[canary]") {
    CanaryTools tools(key_of(1).key);
    tools.limits.bytes_max = 1U << 20U;
    Unpacker unpacker(Packing::gzip, tools.limits);
    // Ten stored blocks of 64 KiB - 1 each, repeated: a valid gzip stream that never ends.
    std::string bomb("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
    std::string block("\x00\xff\xff\x00\x00", 5);
    block += std::string(65535, 'a');
    std::vector<std::byte> room(4096);
    auto state = unpacker.take(std::as_bytes(std::span(bomb)), room, [](Bytes) {});
    std::uint64_t heard = 0;
    for (int i = 0; i < 40 && state == Unpacker::State::going; ++i) {
        state = unpacker.take(
            std::as_bytes(std::span(block)), room, [&](Bytes bytes) { heard += bytes.size(); });
    }
    CHECK(state == Unpacker::State::too_long);
    CHECK(heard <= tools.limits.bytes_max + room.size());
}

TEST_CASE("a stamped sector carries its token, verifies as before, and shows damage as before",
          "[canary]") {
    const CanaryPlanter planter(key_of(1).key, place);
    Stamp stamp{.run = 3, .address_bytes = 0x12A000, .generation = 9, .issued_ns = 5, .lane = 1};
    stamp.canary = &planter;
    std::vector<std::byte> data(4096);
    write_stamps(data, stamp);
    CHECK(holds_stamps(data, stamp));
    const std::string text(reinterpret_cast<const char*>(data.data()), data.size()); // NOLINT
    const auto hits = search(text, 1, 700);
    REQUIRE(hits.size() == 8);
    for (std::size_t i = 0; i < hits.size(); ++i) {
        REQUIRE(hits[i].place);
        CHECK(hits[i].place->address_bytes == 0x12A000 + 512 * i);
    }
    const Sector sector = std::span(std::as_const(data)).first<512>();
    CHECK(damage_of(sector, stamp, true).bits == 0);
    Stamp without_key = stamp;
    without_key.canary = nullptr;
    CHECK(damage_of(sector, without_key, true).bits == 0);
    data[60] ^= std::byte{4}; // Inside the token
    CHECK_FALSE(holds_stamps(data, stamp));
    CHECK(damage_of(sector, stamp, true).bits == 1);
    CHECK(damage_of(sector, without_key, true).bits > 0);
    data[60] ^= std::byte{4};
    data[300] ^= std::byte{4};
    CHECK(damage_of(sector, without_key, true).bits == 1);
}

TEST_CASE("what is all zeros but for its stamp has no room for a token", "[canary]") {
    const CanaryPlanter planter(key_of(1).key, place);
    Stamp stamp{.run = 3, .address_bytes = 0, .generation = 9, .compressible_percent = 100};
    stamp.canary = &planter;
    std::vector<std::byte> data(512);
    write_stamps(data, stamp);
    CHECK(holds_stamps(data, stamp));
    CHECK(is_zero(std::span(data).subspan(48)));
}
