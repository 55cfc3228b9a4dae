// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/outline.h"
#include "bench/plan/plan_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace bench;

namespace {

// With ARRAYBENCH_APPROVE in the environment the present output becomes the approved one.
void check_approved(const std::string& name, const std::string& text) {
    const std::string path = tests::source_dir() + "/tests/golden/approved/" + name;
    if (std::getenv("ARRAYBENCH_APPROVE") != nullptr) {
        std::ofstream(path, std::ios::binary) << text;
    }
    std::ifstream in(path, std::ios::binary);
    const std::string approved{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
    CHECK(text == approved);
}

} // namespace

TEST_CASE("what a plan would do is said as approved", "[golden]") {
    const plan::Plan demo = plan::read_plan(tests::source_dir() + "/profiles/plans/demo.json");
    const campaign::Outline outline = campaign::outline_of(demo);
    check_approved("plan_demo.txt", campaign::outline_text(demo, outline));
    check_approved("plan_demo.json", campaign::outline_json(demo, outline));
}

TEST_CASE("the demo stays within three minutes", "[golden]") {
    const plan::Plan demo = plan::read_plan(tests::source_dir() + "/profiles/plans/demo.json");
    const campaign::Outline outline = campaign::outline_of(demo);
    const auto likely = outline.duration + outline.capacity_likely + demo.egress->before +
                        demo.egress->after +
                        demo.preconditioning->time_limit * static_cast<int>(demo.arrays.size());
    CHECK(likely <= std::chrono::seconds(165)); // The rest is starting, draining and writing.
}
