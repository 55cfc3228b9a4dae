// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_letters.h"
#include "drivers/api/errors.h"
#include "drivers/wire/foreign_json_file.h"
#include "results/record_error.h"
#include "results/run_record_file.h"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace bench::campaign {

using Json = nlohmann::json;

namespace {

[[noreturn]] void refuse(const std::string& what) {
    throw hosts::HostLost("another host writes what is no letter: " + what);
}

template <typename Read>
auto read_json(std::string_view letter, const Read& read) {
    try {
        return read(drivers::wire::parse_foreign_json(letter, drivers::wire::json_of_programs));
    } catch (const drivers::wire::JsonError& error) {
        refuse(error.what());
    } catch (const Json::exception& error) { // Another type than was wanted.
        refuse(error.what());
    }
}

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t number_from(std::string_view& letter) {
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(letter.data(), letter.data() + letter.size(), out);
    const auto used = static_cast<std::size_t>(end - letter.data());
    if (error != std::errc{} || used >= letter.size() || letter[used] != '\n') {
        refuse("a number was wanted");
    }
    letter.remove_prefix(used + 1);
    return out;
}

ExpectationLetter place_from(std::string_view& letter) {
    constexpr std::uint64_t file_bytes_max = 1ULL << 40U;
    ExpectationLetter out;
    out.array = number_from(letter);
    out.from_bytes = number_from(letter);
    if (out.from_bytes > file_bytes_max) {
        refuse("a place within an expectation was wanted");
    }
    return out;
}

} // namespace

std::string expectation_letter(const ExpectationLetter& wanted) {
    return fmt::format("{}\n{}\n", wanted.array, wanted.from_bytes);
}

ExpectationLetter expectation_from(std::string_view letter) {
    return place_from(letter);
}

std::string recall_letter(const RecallLetter& recall) {
    return expectation_letter(recall.place) + recall.piece;
}

RecallLetter recall_from(std::string_view letter) {
    RecallLetter out;
    out.place = place_from(letter);
    out.piece = letter;
    return out;
}

// Files are sent as they are, whatever bytes they hold: name, length, content.
std::string plan_letter(const PlanFiles& files) {
    std::string out;
    for (const auto& [name, content] : files) {
        out += fmt::format("{}\n{}\n", name, content.size()) + content;
    }
    return out;
}

PlanFiles plan_from(std::string_view letter) {
    PlanFiles out;
    while (!letter.empty()) {
        const std::size_t end = letter.find('\n');
        const std::string name(letter.substr(0, end));
        if (end == std::string_view::npos || name.empty() || name[0] == '/' ||
            name.find("..") != std::string::npos) {
            refuse("a file's name within the plan was wanted");
        }
        letter.remove_prefix(end + 1);
        const std::uint64_t size = number_from(letter);
        if (size > letter.size()) {
            refuse("a file is cut short");
        }
        out[name] = letter.substr(0, size);
        letter.remove_prefix(size);
    }
    return out;
}

std::string arrays_letter(const std::vector<MetArray>& arrays) {
    Json out = Json::array();
    for (const MetArray& array : arrays) {
        out.push_back({{"name", array.name},
                       {"urls", array.urls},
                       {"unique_id", array.identity.unique_id},
                       {"serial", array.identity.serial},
                       {"block_bytes", array.geometry.block_bytes},
                       {"block_count", array.geometry.block_count},
                       {"overwrite_data", array.overwrite_data},
                       {"lease_token", array.lease_token}});
    }
    return text_of(out);
}

std::vector<MetArray> arrays_from(std::string_view letter) {
    return read_json(letter, [](const Json& json) {
        std::vector<MetArray> out;
        for (const Json& one : json) {
            MetArray& array = out.emplace_back();
            array.name = one.at("name").get<std::string>();
            array.urls = one.at("urls").get<std::vector<std::string>>();
            array.identity.unique_id = one.at("unique_id").get<std::string>();
            array.identity.serial = one.at("serial").get<std::string>();
            array.geometry.block_bytes = one.at("block_bytes").get<std::uint32_t>();
            array.geometry.block_count = one.at("block_count").get<std::uint64_t>();
            array.overwrite_data = one.at("overwrite_data").get<bool>();
            array.lease_token = one.at("lease_token").get<std::string>();
        }
        return out;
    });
}

std::string ordered_letter(std::uint64_t number, std::string_view body) {
    return fmt::format("{}\n{}", number, body);
}

Ordered ordered_from(std::string_view letter) {
    Ordered out;
    out.number = number_from(letter);
    out.body = letter;
    return out;
}

std::string load_letter(const LoadLetter& load) {
    const LoadOrder& order = load.order;
    return text_of({{"array", load.array},
                    {"of_capacity", order.pick.of_capacity},
                    {"place", order.pick.place},
                    {"as_it_is", order.pick.as_it_is},
                    {"point_kind", static_cast<unsigned>(order.pick.point.kind)},
                    {"point_value", order.pick.point.value},
                    {"point_text", order.pick.point.text},
                    {"rate_per_s", order.pick.rate_per_s},
                    {"targets", order.pick.targets},
                    {"seed", order.seed},
                    {"ramp_ns", order.ramp.count()},
                    {"duration_ns", order.duration.count()},
                    {"disturbed", !order.phases.empty()}});
}

LoadLetter load_from(std::string_view letter, const plan::Plan& plan) {
    return read_json(letter, [&](const Json& json) {
        LoadLetter out;
        out.array = json.at("array").get<std::size_t>();
        WorkloadPick& pick = out.order.pick;
        pick.of_capacity = json.at("of_capacity").get<bool>();
        pick.place = json.at("place").get<std::size_t>();
        pick.as_it_is = json.at("as_it_is").get<bool>();
        pick.point.kind = static_cast<plan::PointKind>(json.at("point_kind").get<unsigned>());
        pick.point.value = json.at("point_value").get<double>();
        pick.point.text = json.at("point_text").get<std::string>();
        pick.rate_per_s = json.at("rate_per_s").get<double>();
        pick.targets = json.at("targets").get<std::uint32_t>();
        const std::size_t places = pick.of_capacity
                                       ? (plan.capacity ? plan.capacity->variants.size() : 0)
                                       : plan.workloads.size();
        if (out.array >= plan.arrays.size() || pick.place >= places ||
            pick.point.kind > plan::PointKind::cameras) {
            refuse("an order of what the plan does not have");
        }
        out.order.seed = json.at("seed").get<std::uint64_t>();
        out.order.ramp = drivers::Duration(json.at("ramp_ns").get<std::int64_t>());
        out.order.duration = drivers::Duration(json.at("duration_ns").get<std::int64_t>());
        if (json.at("disturbed").get<bool>()) {
            out.order.phases =
                pick.of_capacity ? plan.capacity->variants[pick.place].phases : plan.phases;
        }
        constexpr std::int64_t longest_ns = 366LL * 86'400 * 1'000'000'000;
        const auto fits = [](drivers::Duration span) {
            return span.count() >= 0 && span.count() <= longest_ns;
        };
        if (!fits(out.order.ramp) || !fits(out.order.duration) || !(pick.rate_per_s >= 0) ||
            !(pick.rate_per_s <= 1e12) || !std::isfinite(pick.point.value)) {
            refuse("an order of a length or a rate that no plan has");
        }
        out.order.workload = picked(plan, pick);
        return out;
    });
}

std::string verify_letter(const VerifyLetter& verify) {
    Json out{{"array", verify.array},
             {"time_limit_ns", verify.time_limit_ns},
             {"disturbances", verify.disturbances}};
    if (verify.cache_bytes) {
        out["cache_bytes"] = *verify.cache_bytes;
    }
    return text_of(out);
}

VerifyLetter verify_from(std::string_view letter) {
    return read_json(letter, [](const Json& json) {
        VerifyLetter out;
        out.array = json.at("array").get<std::size_t>();
        out.time_limit_ns = json.at("time_limit_ns").get<std::int64_t>();
        out.disturbances = json.at("disturbances").get<std::vector<std::string>>();
        if (json.contains("cache_bytes")) {
            out.cache_bytes = json["cache_bytes"].get<std::uint64_t>();
        }
        return out;
    });
}

std::string round_letter(const RoundLetter& round) {
    return fmt::format("{}\n{}", round.started_ns, results::round_text(round.round));
}

RoundLetter round_from(std::string_view letter) {
    RoundLetter out;
    out.started_ns = static_cast<std::int64_t>(number_from(letter));
    try {
        out.round = results::round_from_text(letter, "round of another host");
    } catch (const results::RecordError& error) {
        refuse(error.what());
    }
    return out;
}

namespace {

constexpr std::size_t access_bytes = 17; // Two instants and an ending, as the host has them.

} // namespace

std::string accesses_letter(const std::vector<WatchedAccess>& accesses) {
    std::string out;
    out.reserve(accesses.size() * access_bytes);
    for (const WatchedAccess& one : accesses) {
        std::array<char, access_bytes> raw{};
        const std::int64_t due = one.due.count();
        const std::int64_t done = one.done.count();
        std::memcpy(raw.data(), &due, 8);
        std::memcpy(raw.data() + 8, &done, 8);
        raw[16] = static_cast<char>(one.end);
        out.append(raw.data(), raw.size());
    }
    return out;
}

std::vector<WatchedAccess> accesses_from(std::string_view letter) {
    if (letter.size() % access_bytes != 0) {
        refuse("accesses are cut short");
    }
    std::vector<WatchedAccess> out;
    out.reserve(letter.size() / access_bytes);
    for (; !letter.empty(); letter.remove_prefix(access_bytes)) {
        std::int64_t due = 0;
        std::int64_t done = 0;
        std::memcpy(&due, letter.data(), 8);
        std::memcpy(&done, letter.data() + 8, 8);
        if (static_cast<unsigned char>(letter[16]) >
            static_cast<unsigned>(profiles::AccessEnd::lost)) {
            refuse("an access ended in no known way");
        }
        out.push_back({profiles::Duration(due),
                       profiles::Duration(done),
                       static_cast<profiles::AccessEnd>(letter[16])});
    }
    return out;
}

std::string words_letter(const std::map<std::string, std::string>& words) {
    return text_of(words);
}

std::map<std::string, std::string> words_from(std::string_view letter) {
    return read_json(
        letter, [](const Json& json) { return json.get<std::map<std::string, std::string>>(); });
}

std::string failure_letter(const std::exception& error) {
    const char* kind = dynamic_cast<const drivers::UsageError*>(&error) != nullptr      ? "usage"
                       : dynamic_cast<const drivers::SafetyError*>(&error) != nullptr   ? "safety"
                       : dynamic_cast<const drivers::HostError*>(&error) != nullptr     ? "host"
                       : dynamic_cast<const drivers::ProtocolError*>(&error) != nullptr ? "protocol"
                                                                                        : "array";
    return words_letter({{"kind", kind}, {"what", error.what()}});
}

void throw_failure(std::string_view letter, const std::string& who) {
    auto words = words_from(letter);
    const std::string what = fmt::format("{}: {}", who, words["what"]);
    if (words["kind"] == "usage") {
        throw drivers::UsageError(what);
    }
    if (words["kind"] == "safety") {
        throw drivers::SafetyError(what);
    }
    if (words["kind"] == "host") {
        throw drivers::HostError(what);
    }
    if (words["kind"] == "protocol") {
        throw drivers::ProtocolError(what);
    }
    throw drivers::ArrayError(what);
}

} // namespace bench::campaign
