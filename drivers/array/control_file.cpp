// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/array/control.h"
#include "drivers/wire/foreign_json_file.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <initializer_list>
#include <utility>

namespace drivers::array {

using Json = nlohmann::json;

namespace {

constexpr double duration_ns_max = 9e18;

[[noreturn]] void refuse(const std::string& why) {
    throw UsageError(fmt::format("array event: {}", why));
}

Json parse(std::string_view text) {
    Json out;
    try { // Objects within objects within one object: deeper is nothing that is meant here.
        out = wire::parse_foreign_json(text, {.bytes_max = control_line_bytes_max, .depth_max = 5});
    } catch (const wire::JsonError& error) {
        refuse(error.what());
    }
    if (!out.is_object()) {
        refuse("not a JSON object");
    }
    return out;
}

std::uint64_t whole(const Json& value, const std::string& key, std::uint64_t most) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
        refuse(fmt::format("\"{}\": wanted a whole number up to {}", key, most));
    }
    return value.get<std::uint64_t>();
}

double number(const Json& value, const std::string& key) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
        refuse(fmt::format("\"{}\": wanted a number", key));
    }
    return value.get<double>();
}

Duration timed_text(const Json& value, const std::string& key) {
    const std::string text = value.is_string() ? value.get<std::string>() : "";
    double amount = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    for (const auto& [name, factor] : std::initializer_list<std::pair<std::string_view, double>>{
             {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 6e10}, {"h", 3.6e12}}) {
        if (error == std::errc{} && unit == name && amount >= 0 &&
            amount * factor < duration_ns_max) {
            return Duration(std::llround(amount * factor));
        }
    }
    refuse(fmt::format(R"("{}": wanted a time with a unit, like "2s")", key));
}

Duration* time_of(FaultEvent& event, std::string_view key) {
    return key == "duration"     ? &event.duration
           : key == "transition" ? &event.transition
           : key == "extra"      ? &event.extra
                                 : nullptr;
}

void set_parameter(FaultEvent& event, const std::string& key, const Json& value) {
    constexpr std::uint64_t exact = std::uint64_t{1} << 53U;
    if (Duration* time = time_of(event, key)) {
        *time = timed_text(value, key);
    } else if (key.ends_with("_ns") && time_of(event, key.substr(0, key.size() - 3)) != nullptr) {
        *time_of(event, key.substr(0, key.size() - 3)) =
            Duration(static_cast<std::int64_t>(whole(value, key, exact)));
    } else if (key == "controller") {
        event.controller = static_cast<std::uint16_t>(whole(value, key, 0xFFFF));
    } else if (key == "lun") {
        event.lun = static_cast<std::uint16_t>(whole(value, key, 0xFFFF));
    } else if (key == "lba") {
        event.lba = whole(value, key, exact);
    } else if (key == "block_count") {
        event.block_count = whole(value, key, exact);
    } else if (key == "cached_bytes") {
        event.cached_bytes = whole(value, key, exact);
    } else if (key == "next") {
        event.next = whole(value, key, exact);
    } else if (key == "share" || key == "rate") {
        event.rate = number(value, key);
    } else if (key == "notice") {
        const auto notice =
            value.is_string() ? swap_notice_named(value.get<std::string>()) : std::nullopt;
        if (!notice) {
            refuse(R"("notice": wanted "drop", "attention" or "none")");
        }
        event.notice = *notice;
    } else if (key == "factor") {
        event.factor = number(value, key);
    } else {
        refuse(
            fmt::format("no parameter \"{}\"; there are controller, lun, lba, block_count, next, "
                        "share, rate, factor, cached_bytes, notice, duration, transition and "
                        "extra",
                        key));
    }
}

FaultEvent event_from(const std::string& name, const Json& parameters) {
    const auto fault = fault_named(name);
    if (!fault) {
        refuse(fmt::format("no event \"{}\"", name.substr(0, 64)));
    }
    FaultEvent event;
    event.fault = *fault;
    if (!parameters.is_object()) {
        refuse("\"parameters\": wanted an object");
    }
    for (const auto& [key, value] : parameters.items()) {
        set_parameter(event, key.substr(0, 64), value);
    }
    if (const std::string problem = fault_problem(event); !problem.empty()) {
        refuse(problem);
    }
    return event;
}

Json parameters_of(const FaultEvent& event) {
    Json out = {{"controller", event.controller},
                {"lun", event.lun},
                {"lba", event.lba},
                {"block_count", event.block_count},
                {"next", event.next},
                {"rate", event.rate},
                {"factor", event.factor},
                {"cached_bytes", event.cached_bytes},
                {"notice", std::string(swap_notice_name(event.notice))},
                {"duration_ns", event.duration.count()},
                {"transition_ns", event.transition.count()},
                {"extra_ns", event.extra.count()}};
    return out;
}

Json counts_json(const EmulatorCounts& counts) {
    Json done = Json::object();
    for (std::size_t i = 0; i < fault_count; ++i) {
        done[std::string(fault_name(static_cast<Fault>(i)))] = counts.done[i];
    }
    return {{"commands", counts.array.commands},
            {"bytes_read", counts.array.bytes_read},
            {"bytes_written", counts.array.bytes_written},
            {"lateness_ns_p99", counts.array.lateness_p99.count()},
            {"service_ns_p50", counts.service_p50.count()},
            {"answered", counts.answered},
            {"mapped_bytes", counts.mapped_bytes},
            {"volatile_bytes", counts.volatile_bytes},
            {"blocks_lost_legally", counts.blocks_lost_legally},
            {"blocks_lost_illegally", counts.blocks_lost_illegally},
            {"writes_to_another_lun", counts.writes_to_another_lun},
            {"done", done}};
}

EmulatorCounts counts_from(const Json& from) {
    EmulatorCounts out;
    out.array.commands = from.at("commands").get<std::uint64_t>();
    out.array.bytes_read = from.at("bytes_read").get<std::uint64_t>();
    out.array.bytes_written = from.at("bytes_written").get<std::uint64_t>();
    out.array.lateness_p99 = Duration(from.at("lateness_ns_p99").get<std::int64_t>());
    out.service_p50 = Duration(from.at("service_ns_p50").get<std::int64_t>());
    out.answered = from.at("answered").get<std::uint64_t>();
    out.mapped_bytes = from.at("mapped_bytes").get<std::uint64_t>();
    out.volatile_bytes = from.at("volatile_bytes").get<std::uint64_t>();
    out.blocks_lost_legally = from.at("blocks_lost_legally").get<std::uint64_t>();
    out.blocks_lost_illegally = from.at("blocks_lost_illegally").get<std::uint64_t>();
    out.writes_to_another_lun = from.at("writes_to_another_lun").get<std::uint64_t>();
    for (std::size_t i = 0; i < fault_count; ++i) {
        out.done[i] =
            from.at("done").at(std::string(fault_name(static_cast<Fault>(i)))).get<std::uint64_t>();
    }
    return out;
}

std::string line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

ControlRequest parse_request(std::string_view text, std::uint64_t& id) {
    const Json json = parse(text);
    ControlRequest out;
    id = 0;
    if (!json.contains("id")) {
        refuse("no \"id\"");
    }
    out.id = id = whole(json["id"], "id", ~std::uint64_t{0});
    const std::string ask =
        json.contains("ask") && json["ask"].is_string() ? json["ask"].get<std::string>() : "";
    if (ask == "counts") {
        out.ask = Ask::counts;
    } else if (ask == "stop") {
        out.ask = Ask::stop;
    } else if (ask == "event" && json.contains("event") && json["event"].is_string()) {
        out.ask = Ask::event;
        out.event =
            event_from(json["event"].get<std::string>(), json.value("parameters", Json::object()));
    } else {
        refuse(R"(wanted "ask": "event" with an "event", "counts" or "stop")");
    }
    return out;
}

std::string ready_line(const ReadyReport& report) {
    Json portals = Json::array();
    for (const PortalAddress& portal : report.portals) {
        portals.push_back({{"transport", portal.transport},
                           {"address", portal.address},
                           {"name", portal.name},
                           {"controller", portal.controller}});
    }
    return line({{"ready", {{"portals", portals}, {"identities", report.identities}}}});
}

std::string answer_line(const ControlAnswer& answer) {
    Json out = {{"id", answer.id}};
    if (!answer.error.empty()) {
        out["error"] = answer.error;
    } else {
        out["at_ns"] = answer.at.time_since_epoch().count();
    }
    if (answer.counts) {
        out["counts"] = counts_json(*answer.counts);
    }
    return line(out);
}

FaultEvent parse_event(const std::string& name, const std::string& parameters) {
    return event_from(name, parameters.empty() ? Json::object() : parse(parameters));
}

std::string event_line(std::uint64_t id, const FaultEvent& event) {
    return line({{"id", id},
                 {"ask", "event"},
                 {"event", std::string(fault_name(event.fault))},
                 {"parameters", parameters_of(event)}});
}

std::string ask_line(std::uint64_t id, Ask ask) {
    return line({{"id", id}, {"ask", ask == Ask::stop ? "stop" : "counts"}});
}

ReadyReport parse_ready(std::string_view text) {
    try {
        const Json json = parse(text);
        ReadyReport out;
        for (const Json& portal : json.at("ready").at("portals")) {
            out.portals.push_back({portal.at("transport").get<std::string>(),
                                   portal.at("address").get<std::string>(),
                                   portal.at("name").get<std::string>(),
                                   portal.at("controller").get<std::uint16_t>()});
        }
        out.identities = json.at("ready").at("identities").get<std::vector<std::string>>();
        return out;
    } catch (const std::exception& error) {
        throw ArrayError(fmt::format("emulated array: its first line is not the one that says "
                                     "\"ready\": {}",
                                     error.what()));
    }
}

ControlAnswer parse_answer(std::string_view text) {
    try {
        const Json json = parse(text);
        ControlAnswer out;
        out.id = json.at("id").get<std::uint64_t>();
        if (json.contains("error")) {
            out.error = json.at("error").get<std::string>();
        } else {
            out.at = TimePoint(Duration(json.at("at_ns").get<std::int64_t>()));
        }
        if (json.contains("counts")) {
            out.counts = counts_from(json.at("counts"));
        }
        return out;
    } catch (const std::exception& error) {
        throw ArrayError(fmt::format("emulated array: an answer that is none: {}", error.what()));
    }
}

} // namespace drivers::array
