// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/ledger.h"

#include <catch2/catch.hpp>

using namespace bench::egress;
using drivers::wire::Undecoded;

namespace {

// Books of six frames, two on each path; one entry may be left out.
bool balances_without(int left_out) {
    Ledger ledger(2);
    for (int i = 0; i < 6; ++i) {
        if (left_out != 6 || i != 0) {
            ledger.captured(100);
        }
    }
    int entry = 0;
    const auto book = [&](auto&& enter) {
        if (entry++ != left_out) {
            enter();
        }
    };
    book([&] { ledger.allowed(0, 100); });
    book([&] { ledger.allowed(1, 100); });
    book([&] { ledger.unlisted(100); });
    book([&] { ledger.unlisted(100); });
    book([&] { ledger.undecoded(Undecoded::bad_header, 100); });
    book([&] { ledger.undecoded(Undecoded::short_frame, 100); });
    return ledger.balances();
}

} // namespace

TEST_CASE("the books balance only while no frame falls between the paths", "[egress]") {
    CHECK(balances_without(-1));
    for (int left_out = 0; left_out <= 6; ++left_out) {
        INFO("left out: entry " << left_out);
        CHECK_FALSE(balances_without(left_out));
    }
}

TEST_CASE("a byte more on one path breaks the books although every frame is there", "[egress]") {
    Ledger ledger(1);
    ledger.captured(100);
    ledger.allowed(0, 101);
    CHECK_FALSE(ledger.balances());
}
