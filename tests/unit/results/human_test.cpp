// SPDX-License-Identifier: Apache-2.0
#include "results/text/human.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <regex>

using namespace results::text;

namespace {
// Tests read better with a plain space.
std::string plain(const std::string& text) {
    return std::regex_replace(text, std::regex("\xC2\xA0"), " ");
}
} // namespace

TEST_CASE("three significant digits, rounded once", "[text]") {
    CHECK(significant(0) == "0");
    CHECK(significant(1.2345) == "1.23");
    CHECK(significant(0.012345) == "0.0123");
    CHECK(significant(999.6) == "1,000");
    CHECK(significant(9.999) == "10");
    CHECK(significant(1234567) == "1,230,000");
    CHECK(significant(-1.5) == "-1.5");
    CHECK(significant(1.4, 3, Zeros::kept) == "1.40");
    CHECK(significant(9.999, 3, Zeros::kept) == "10.0");
    CHECK(significant(std::nan("")) == "?");
}

TEST_CASE("durations take the unit that fits", "[text]") {
    CHECK(plain(duration(742)) == "742 ns");
    CHECK(plain(duration(1234)) == "1.23 \xC2\xB5s");
    CHECK(plain(duration(999700)) == "1 ms");
    CHECK(plain(duration(5e9)) == "5 s");
    CHECK(plain(duration(125e9)) == "2 min 5 s");
    CHECK(plain(duration(7320e9)) == "2 h 2 min");
    CHECK(plain(duration(0)) == "0 s");
    CHECK(plain(duration(1.4e6, Zeros::kept)) == "1.40 ms");
}

TEST_CASE("rates, sizes and shares", "[text]") {
    CHECK(plain(per_second(8471)) == "8,471/s");
    CHECK(plain(per_second(123456)) == "123 k/s");
    CHECK(plain(bytes_per_second(244e6)) == "244 MB/s");
    CHECK(plain(size(4096)) == "4 KiB");
    CHECK(plain(size(0)) == "0 B");
    CHECK(plain(percent(0.00123)) == "0.123 %");
    CHECK(plain(noise(0.052)) == "noise \xC2\xB1"
                                 "5.2 %");
    CHECK(plain(noise(1965034.1)) == "noise above 1,000 %");
    CHECK(grouped(1234567) == "1,234,567");
    CHECK(grouped(999) == "999");
    CHECK(plain(with_unit(5000, "")) == "5,000");
    CHECK(plain(with_unit(2.5, "EUR")) == "2.5 EUR");
}

TEST_CASE("a ratio is said as a change, and its interval the smaller change first", "[text]") {
    CHECK(plain(change(0.75)) == "25 % lower");
    CHECK(plain(change(1.25)) == "25 % higher");
    CHECK(plain(change(3)) == "3 times");
    CHECK(change(1.0002) == "the same");
    CHECK(change(0) == "not comparable");
    CHECK(plain(change_range(0.7, 0.8)) == "20 % to 30 % lower");
    CHECK(plain(change_range(1.1, 1.3)) == "10 % to 30 % higher");
    CHECK(plain(change_range(0.9, 1.2)) == "10 % lower to 20 % higher");
}

TEST_CASE("an instant is said in UTC", "[text]") {
    CHECK(utc_time(1795298400LL * 1000000000LL) == "2026-11-21 22:00:00 UTC");
}
