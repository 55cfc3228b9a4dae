// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/strict_json.h"
#include "profiles/units.h"

#include <catch2/catch.hpp>

#include <functional>

using namespace profiles;
using namespace std::chrono_literals;

namespace {

JsonObject object_of(const std::string& text) {
    return JsonDocument::parse(text, "f.json").root().object();
}

std::string complaint(const std::function<void()>& act) {
    try {
        act();
    } catch (const FileError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("a wrong value is reported with file, pointer, value and what was wanted", "[json]") {
    auto object = object_of(R"({"a":{"b/c":["x"]}})");
    auto inner = object.required("a").object();
    const auto item = inner.required("b/c").items().at(0);
    CHECK(complaint([&] { (void)item.whole(1, 9); }) ==
          "f.json: /a/b~1c/0: \"x\": wanted a whole number from 1 to 9");
}

TEST_CASE("an unknown key is an error with a near name", "[json]") {
    auto object = object_of(R"({"durration":"3s"})");
    (void)object.optional("duration");
    (void)object.optional("duration"); // Asked for twice, it is named once.
    CHECK(complaint([&] { object.finish(); }) ==
          "f.json: /durration: unknown key (did you mean \"duration\"?); known here: duration");
}

TEST_CASE("units are demanded and ranges kept", "[json]") {
    auto object =
        object_of(R"({"size":"4KiB","time":"1.5ms","rate":"12/h","bare":4096,"share":"30%"})");
    CHECK(object.required("size").size_bytes(1, 1U << 20U) == 4096);
    CHECK(object.required("time").duration(0ns, 1s) == 1500us);
    CHECK(object.required("rate").rate_per_s(0, 1) == Approx(12.0 / 3600));
    CHECK(object.required("share").fraction() == Approx(0.3));
    CHECK_THROWS_AS(object.required("bare").size_bytes(1, 1U << 20U), FileError);
    CHECK_THROWS_AS(object.required("size").size_bytes(1, 512), FileError);
}

TEST_CASE("duplicate keys, deep nesting and broken text are refused", "[json]") {
    CHECK_THROWS_AS(object_of(R"({"a":1,"a":2})"), FileError);
    CHECK_THROWS_AS(object_of(std::string(100, '[') + std::string(100, ']')), FileError);
    CHECK_THROWS_AS(object_of("{"), FileError);
    CHECK_THROWS_AS(JsonDocument::read_file("/nonexistent/plan.json"), FileError);
}

TEST_CASE("sizes and times read back from their shortest text", "[json]") {
    for (const std::uint64_t bytes : {1ULL, 512ULL, 4096ULL, 3ULL << 40U}) {
        CHECK(parse_size_bytes(size_text(bytes)) == bytes);
    }
    for (const auto value :
         {1ns, std::chrono::nanoseconds(1500us), std::chrono::nanoseconds(90min)}) {
        CHECK(parse_duration(duration_text(value)) == value);
    }
}
