// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/foreign_json_file.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

using namespace drivers::wire;
using Catch::Contains;

TEST_CASE("JSON from outside is read within its bounds", "[json]") {
    CHECK(parse_foreign_json(R"({"a":[1,{"b":"c"}]})")["a"][1]["b"] == "c");
    const JsonLimits small{.bytes_max = 100, .depth_max = 3, .values_max = 5};
    CHECK_NOTHROW(parse_foreign_json("[[[1]]]", small));
    CHECK_THROWS_WITH(parse_foreign_json("[[[[1]]]]", small), Contains("deeper than 3"));
    CHECK_THROWS_WITH(parse_foreign_json(R"([{"a":[[]]}])", small), Contains("deeper than 3"));
    CHECK_NOTHROW(parse_foreign_json("[1,2,3]", small));
    CHECK_THROWS_WITH(parse_foreign_json("[1,2,3,4,5]", small), Contains("more than 5 values"));
    CHECK_THROWS_WITH(parse_foreign_json(std::string(101, ' '), small), Contains("101 bytes"));
    CHECK_THROWS_WITH(parse_foreign_json(R"({"a":1,"b":{"a":2},"a":3})"),
                      Contains("\"a\" stands twice"));
    CHECK_NOTHROW(parse_foreign_json(R"([{"a":1},{"a":2},{"a":{"a":3}}])"));
}

TEST_CASE("what is no JSON is an error with a place, never an end", "[json]") {
    for (const std::string& bad : {std::string(),
                                   std::string("{"),
                                   std::string("nul"),
                                   std::string("1e999"),
                                   std::string("\"\xff\""),
                                   std::string("[1,]"),
                                   std::string("{\"a\" 1}"),
                                   std::string("1 2"),
                                   std::string(1, '\0')}) {
        INFO(bad);
        CHECK_THROWS_WITH(parse_foreign_json(bad), Contains("not valid JSON"));
    }
    for (const char open : {'[', '{'}) {
        CHECK_THROWS_AS(parse_foreign_json(std::string(1'000'000, open)), JsonError);
    }
    std::string objects;
    for (int i = 0; i < 200'000; ++i) {
        objects += R"({"a":)";
    }
    CHECK_THROWS_WITH(parse_foreign_json(objects), Contains("deeper than"));
}
