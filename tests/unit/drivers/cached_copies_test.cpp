// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/cached_copies.h"

#include <catch2/catch.hpp>

using drivers::array::CachedCopies;
using Data = std::vector<std::byte>;

namespace {

constexpr std::uint32_t block = 512;

Data filled(std::size_t blocks, int value) {
    return Data(blocks * block, static_cast<std::byte>(value));
}

} // namespace

TEST_CASE("a cached copy is shown where it was written and nowhere else", "[array]") {
    CachedCopies copies(block);
    copies.keep(10, filled(2, 7), 1U << 20U);
    Data seen = filled(4, 0);
    copies.show(9, seen);
    CHECK(seen[0] == std::byte{0});
    CHECK(seen[block] == std::byte{7});
    CHECK(seen[3 * block - 1] == std::byte{7});
    CHECK(seen[3 * block] == std::byte{0});
}

TEST_CASE("a cached copy is gone once overwritten, pushed out or without power", "[array]") {
    CachedCopies copies(block);
    copies.keep(0, filled(3, 7), 4 * block);
    copies.forget(1, 1);
    Data seen = filled(3, 0);
    copies.show(0, seen); // Three of four blocks.
    CHECK(seen[0] == std::byte{7});
    CHECK(seen[block] == std::byte{0});
    CHECK(seen[2 * block] == std::byte{7});
    Data other = filled(2, 0);
    copies.show(100, other);
    seen = filled(3, 0);
    copies.show(0, seen);
    CHECK(seen == filled(3, 0));
    copies.keep(0, filled(1, 7), 1U << 20U);
    copies.clear();
    copies.show(0, seen);
    CHECK(seen == filled(3, 0));
}
