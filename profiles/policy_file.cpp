// SPDX-License-Identifier: Apache-2.0
#include "profiles/policy_file.h"

#include "profiles/strict_json.h"
#include "profiles/units.h"

#include <nlohmann/json.hpp>

#include <set>

namespace profiles {

namespace {

constexpr std::string_view schema = "arraybench/policy/1";
constexpr std::uint16_t port_max = 65535;
constexpr std::uint16_t vlan_max = 4094;
constexpr std::chrono::hours interval_max{24 * 400};

std::vector<std::string> texts(const std::optional<JsonValue>& list) {
    std::vector<std::string> out;
    if (list) {
        for (const JsonValue& item : list->items()) {
            out.push_back(item.text());
        }
    }
    return out;
}

void read_budget(JsonObject& in, PolicyRule& rule) {
    constexpr std::uint64_t bytes_max = 1ULL << 50U;
    if (const auto bytes = in.optional("bytes_per_interval")) {
        rule.bytes_per_interval = bytes->size_bytes(0, bytes_max);
    }
    if (const auto interval = in.optional("interval")) {
        rule.interval = interval->duration(std::chrono::seconds(1), interval_max);
    }
    if (const auto bytes = in.optional("frame_bytes_max")) {
        rule.frame_bytes_max = static_cast<std::uint32_t>(bytes->size_bytes(14, 1U << 24U));
    }
    if (const auto period = in.optional("period")) {
        rule.period = period->duration(std::chrono::milliseconds(1), interval_max);
    }
    if (const auto tolerance = in.optional("period_tolerance")) {
        rule.period_tolerance = tolerance->fraction();
    }
}

PolicyRule read_rule(const JsonValue& value) {
    JsonObject in = value.object();
    PolicyRule rule;
    rule.name = in.required("name").text();
    rule.purpose = in.required("purpose").text();
    rule.phases = texts(in.optional("phases"));
    rule.array_ports = texts(in.optional("array_ports"));
    if (const auto vlan = in.optional("vlan")) {
        rule.vlan = static_cast<std::uint16_t>(vlan->whole(0, vlan_max));
    }
    if (const auto direction = in.optional("direction")) {
        rule.direction = direction->choice<Direction>({{"any", Direction::any},
                                                       {"from array", Direction::from_array},
                                                       {"to array", Direction::to_array}});
    }
    rule.protocol = in.required("protocol").text();
    rule.remotes = texts(in.optional("remotes"));
    if (const auto ports = in.optional("ports")) {
        for (const JsonValue& port : ports->items()) {
            rule.ports.push_back(static_cast<std::uint16_t>(port.whole(0, port_max)));
        }
    }
    read_budget(in, rule);
    rule.dns_names = texts(in.optional("dns_names"));
    rule.encapsulations = texts(in.optional("encapsulations"));
    if (const auto storage = in.optional("storage")) {
        rule.storage = storage->flag();
    }
    in.finish();
    return rule;
}

Policy read(const JsonDocument& document, const std::string& name) {
    JsonObject in = document.root_object(schema);
    Policy policy;
    policy.file = name;
    policy.name = in.required("name").text();
    policy.array_addresses = texts(in.optional("array_addresses"));
    std::set<std::string> names;
    for (const JsonValue& rule : in.required("rules").items()) {
        policy.rules.push_back(read_rule(rule));
        if (!names.insert(policy.rules.back().name).second) {
            rule.fail("a rule name that no other rule has");
        }
    }
    in.finish();
    return policy;
}

void put(nlohmann::ordered_json& out, const char* key, const std::vector<std::string>& list) {
    if (!list.empty()) {
        out[key] = list;
    }
}

nlohmann::ordered_json rule_json(const PolicyRule& rule) {
    nlohmann::ordered_json out;
    out["name"] = rule.name;
    out["purpose"] = rule.purpose;
    out["protocol"] = rule.protocol;
    put(out, "phases", rule.phases);
    put(out, "array_ports", rule.array_ports);
    put(out, "remotes", rule.remotes);
    put(out, "dns_names", rule.dns_names);
    put(out, "encapsulations", rule.encapsulations);
    if (rule.vlan) {
        out["vlan"] = *rule.vlan;
    }
    if (rule.direction != Direction::any) {
        out["direction"] = rule.direction == Direction::from_array ? "from array" : "to array";
    }
    if (!rule.ports.empty()) {
        out["ports"] = rule.ports;
    }
    if (rule.bytes_per_interval) {
        out["bytes_per_interval"] = size_text(*rule.bytes_per_interval);
        out["interval"] = duration_text(rule.interval);
    }
    if (rule.frame_bytes_max) {
        out["frame_bytes_max"] = size_text(*rule.frame_bytes_max);
    }
    if (rule.period) {
        out["period"] = duration_text(*rule.period);
        out["period_tolerance"] = rule.period_tolerance;
    }
    if (rule.storage) {
        out["storage"] = true;
    }
    return out;
}

} // namespace

Policy read_policy(const std::string& path, const FilePlace& place) {
    return read(JsonDocument::read_file(path, place), path);
}

Policy parse_policy(std::string_view text, const std::string& name) {
    return read(JsonDocument::parse(text, name), name);
}

std::string policy_json(const Policy& policy, const std::string& purpose) {
    nlohmann::ordered_json out;
    out["$schema"] = schema;
    out["purpose"] = purpose;
    out["name"] = policy.name;
    put(out, "array_addresses", policy.array_addresses);
    out["rules"] = nlohmann::ordered_json::array();
    for (const PolicyRule& rule : policy.rules) {
        out["rules"].push_back(rule_json(rule));
    }
    return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace profiles
