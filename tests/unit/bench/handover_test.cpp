// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/handover.h"
#include "drivers/api/errors.h"

#include <catch2/catch.hpp>

using namespace bench::campaign;

namespace {

Handover back(const Handover& one) {
    return handover_from(handover_bytes(one), {"draft.json"}, "out/evidence");
}

} // namespace

TEST_CASE("what a child hands over comes back as it was", "[confine]") {
    const Handover whole{
        7,
        std::string("a\0b", 3),
        {{"draft.json", "{}"}, {"out/evidence/finding-0001.pcap", std::string(9, '\0')}}};
    const Handover seen = back(whole);
    CHECK(seen.exit_code == 7);
    CHECK(seen.text == whole.text);
    CHECK(seen.files == whole.files);
}

TEST_CASE("a child that was taken over can name no other file, and say no other thing",
          "[confine]") {
    for (const char* const path : {"/etc/passwd",
                                   "draft.json/x",
                                   "out/evidence",
                                   "out/evidence/",
                                   "out/evidence/..",
                                   "out/evidence/../../x",
                                   "out/evidence/a/b",
                                   "out/evidencex",
                                   "",
                                   "evidence/x"}) {
        CHECK_THROWS_AS(back({0, "", {{path, "x"}}}), drivers::HostError);
    }
    CHECK_THROWS_AS(handover_from(handover_bytes({0, "", {{"/x", ""}}}), {}, ""),
                    drivers::HostError);
    CHECK_THROWS_AS(back({8, "", {}}), drivers::HostError);
    const std::string whole = handover_bytes({1, "text", {{"draft.json", "{}"}}});
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CHECK_THROWS_AS(handover_from(whole.substr(0, cut), {"draft.json"}, ""),
                        drivers::HostError);
    }
    CHECK_THROWS_AS(handover_from(whole + "x", {"draft.json"}, ""), drivers::HostError);
    CHECK_THROWS_AS(handover_from(std::string(64, '\xff'), {}, ""), drivers::HostError);
}
