// SPDX-License-Identifier: Apache-2.0
// What is said of fio's answer, without a fio: above all what its latencies are not.
#include "bench/cli/fio_answer.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using bench::cli::fio_json;
using bench::cli::fio_text;
using bench::cli::FioAnswer;
using Catch::Contains;

namespace {

FioAnswer answer(bool rated) {
    FioAnswer out;
    out.url = "file:/srv/lun";
    out.workload = "w";
    out.version = "fio-3.33";
    out.rated = rated;
    auto& stream = out.streams.emplace_back();
    stream.operation = "read";
    for (int i = 0; i < 2000; ++i) {
        stream.service_ns.record(1000 + 1000 * static_cast<std::uint64_t>(i));
    }
    stream.completed = 2000;
    stream.rate_per_s = 200;
    return out;
}

} // namespace

TEST_CASE("a rated latency of fio is marked as service time, wherever it is shown", "[fio]") {
    constexpr const char* mark = "service time, not response";
    CHECK_THAT(fio_text(answer(true)), Contains(mark));
    const auto json = nlohmann::json::parse(fio_json(answer(true)));
    CHECK_THAT(json.at("latency_is").get<std::string>(), Contains(mark));
    CHECK(json.at("streams").at(0).count("service_ns") == 1);
    CHECK(json.at("streams").at(0).count("response_ns") == 0);
}

TEST_CASE("in a closed loop nothing was due earlier, so nothing is marked", "[fio]") {
    CHECK_THAT(fio_text(answer(false)), !Contains("not response"));
    const auto json = nlohmann::json::parse(fio_json(answer(false)));
    CHECK_THAT(json.at("latency_is").get<std::string>(), Contains("nothing was due"));
}

TEST_CASE("what fio clipped at 17.18 s is counted and said, and a tail nobody saw is not shown",
          "[fio]") {
    CHECK_THAT(fio_text(answer(true)), !Contains("17.18"));
    FioAnswer clipped = answer(true);
    clipped.streams[0].clipped = 3;
    CHECK_THAT(fio_text(clipped), Contains("3 took 17.18 s or longer"));
    const auto stream = nlohmann::json::parse(fio_json(clipped)).at("streams").at(0);
    CHECK(stream.at("clipped_at_17_18_s") == 3);
    CHECK(stream.at("service_ns").count("p99") == 1);
    CHECK(stream.at("service_ns").at("p99").count("at_least") == 0); // 20 above it, 3 clipped.
    clipped.streams[0].clipped = 30;
    CHECK_THAT(fio_text(clipped), Contains(">1.98"));
    CHECK(nlohmann::json::parse(fio_json(clipped))
              .at("streams")
              .at(0)
              .at("service_ns")
              .at("p99")
              .at("at_least") == true);
    CHECK(stream.at("service_ns").count("p99_9") == 0); // Two samples above it.
}
