// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/self_test.h"

#include <catch2/catch.hpp>

using namespace bench::campaign;

TEST_CASE("the self-test finds every injected fault and nothing on the honest array",
          "[self-test]") {
    const auto rows = run_self_test();
    INFO(self_test_text(rows));
    CHECK(rows.size() >= 19);
    CHECK(is_right(rows));
    std::size_t honest = 0;
    for (const SelfTestRow& row : rows) {
        INFO(row.fault);
        CHECK(row.is_right());
        honest += row.expected.empty() ? 1U : 0U;
    }
    CHECK(honest == 3);
    CHECK(self_test_record(rows).size() == rows.size());
}

TEST_CASE("a row with too little, too much or no injection is wrong", "[self-test]") {
    CHECK(SelfTestRow{"fault", {"stale"}, {"stale"}, {}}.is_right());
    CHECK_FALSE(SelfTestRow{"fault", {"stale"}, {}, {}}.is_right());
    CHECK_FALSE(SelfTestRow{"fault", {"stale"}, {"stale", "torn"}, {}}.is_right());
    CHECK_FALSE(SelfTestRow{"none", {}, {"stale"}, {}}.is_right());
    CHECK_FALSE(SelfTestRow{"fault", {}, {}, "the array refused"}.is_right());
    CHECK_FALSE(is_right({SelfTestRow{"fault", {"stale"}, {}, {}}}));
}
