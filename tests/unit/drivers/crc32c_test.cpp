// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/crc32c.h"

#include <catch2/catch.hpp>

#include <numeric>
#include <vector>

using namespace drivers::wire;

namespace {

std::array<std::byte, 4> digest_of(const std::vector<std::byte>& bytes) {
    return crc32c_wire_bytes(crc32c(bytes));
}

std::array<std::byte, 4> wire(unsigned a, unsigned b, unsigned c, unsigned d) {
    return {std::byte(a), std::byte(b), std::byte(c), std::byte(d)};
}

std::vector<std::byte> counting(bool upwards) {
    std::vector<std::byte> bytes;
    for (unsigned i = 0; i < 32; ++i) {
        bytes.push_back(static_cast<std::byte>(upwards ? i : 31 - i));
    }
    return bytes;
}

} // namespace

TEST_CASE("the digests of RFC 7143 appendix A.4 come out byte for byte", "[crc32c]") {
    CHECK(digest_of(std::vector<std::byte>(32)) == wire(0xaa, 0x36, 0x91, 0x8a));
    CHECK(digest_of(std::vector<std::byte>(32, std::byte{0xff})) == wire(0x43, 0xab, 0xa8, 0x62));
    CHECK(digest_of(counting(true)) == wire(0x4e, 0x79, 0xdd, 0x46));
    CHECK(digest_of(counting(false)) == wire(0x5c, 0xdb, 0x3f, 0x11));
}

TEST_CASE("a digest over pieces equals the digest over the whole, whatever the cut", "[crc32c]") {
    const std::vector<std::byte> bytes = counting(true);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        std::uint32_t running = crc32c_seed;
        running = crc32c_update(running, std::span(bytes).first(cut));
        running = crc32c_update(running, std::span(bytes).subspan(cut));
        CHECK(crc32c_digest(running) == crc32c(bytes));
    }
}
