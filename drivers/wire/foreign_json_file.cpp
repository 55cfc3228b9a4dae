// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/foreign_json_file.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace drivers::wire {

namespace {

using Json = nlohmann::json;

// Looks on while the parser works, so that nothing is built beyond a bound.
class Bounds {
public:
    explicit Bounds(const JsonLimits& limits)
        : limits_(limits) {}

    bool operator()(int depth, Json::parse_event_t event, Json& value) {
        if (std::cmp_greater_equal(depth, limits_.depth_max) && opens(event)) {
            throw JsonError(fmt::format("nested deeper than {} levels", limits_.depth_max));
        }
        if ((opens(event) || event == Json::parse_event_t::value) &&
            ++values_ > limits_.values_max) {
            throw JsonError(fmt::format("more than {} values", limits_.values_max));
        }
        if (event == Json::parse_event_t::object_start) {
            keys_.emplace_back();
        } else if (event == Json::parse_event_t::object_end) {
            keys_.pop_back();
        } else if (event == Json::parse_event_t::key &&
                   !keys_.back().insert(value.get_ref<const std::string&>()).second) {
            throw JsonError(fmt::format("the key \"{}\" stands twice in one object",
                                        value.get_ref<const std::string&>()));
        }
        return true;
    }

private:
    static bool opens(Json::parse_event_t event) {
        return event == Json::parse_event_t::object_start ||
               event == Json::parse_event_t::array_start;
    }

    const JsonLimits& limits_;
    std::size_t values_ = 0;
    std::vector<std::set<std::string>> keys_; // Of the objects that are open.
};

} // namespace

Json parse_foreign_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes_max) {
        throw JsonError(fmt::format("{} bytes; wanted at most {}", text.size(), limits.bytes_max));
    }
    try {
        Bounds bounds(limits);
        return Json::parse(text, std::ref(bounds));
    } catch (const Json::exception& error) {
        throw JsonError(fmt::format("not valid JSON: {}", error.what()));
    }
}

} // namespace drivers::wire
