// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watch_orders.h"
#include "profiles/policy_file.h"
#include "profiles/strict_json.h"

#include <nlohmann/json.hpp>

#include <limits>

namespace bench::campaign {

namespace {

constexpr std::uint64_t port_max = 65535;

egress::Markers::Key key_of(const profiles::JsonValue& value) {
    egress::Markers::Key out{};
    const auto items = value.items();
    if (items.size() != out.size()) {
        value.fail("a key of 32 bytes");
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<unsigned char>(
            items[i].whole(0, std::numeric_limits<unsigned char>::max()));
    }
    return out;
}

nlohmann::ordered_json tap_json(const drivers::capture::LiveSettings& tap) {
    return {{"interface", tap.interface}, {"header_only_ports", tap.header_only_ports}};
}

drivers::capture::LiveSettings tap_of(const profiles::JsonValue& value, std::size_t place) {
    profiles::JsonObject in = value.object();
    drivers::capture::LiveSettings out;
    out.interface = in.required("interface").text();
    out.tap = static_cast<std::uint16_t>(place);
    for (const profiles::JsonValue& port : in.required("header_only_ports").items()) {
        out.header_only_ports.push_back(static_cast<std::uint16_t>(port.whole(0, port_max)));
    }
    in.finish();
    return out;
}

} // namespace

std::string orders_text(const WatchOrders& orders) {
    nlohmann::ordered_json out;
    out["array"] = orders.array;
    out["captured_by"] = orders.captured_by;
    out["policy_file"] = orders.policy.file;
    out["policy"] = profiles::policy_json(orders.policy, "what is watched");
    out["taps"] = nlohmann::ordered_json::array();
    for (const drivers::capture::LiveSettings& tap : orders.taps) {
        out["taps"].push_back(tap_json(tap));
    }
    if (orders.marker_key) {
        out["marker_key"] = *orders.marker_key;
    }
    if (orders.canaries) {
        out["canaries"] = integrity::canary_key_json(*orders.canaries);
    }
    return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

WatchOrders orders_from(std::string_view text) {
    const auto document = profiles::JsonDocument::parse(text, "the orders of a watch");
    profiles::JsonObject in = document.root().object();
    WatchOrders out;
    out.array = in.required("array").text();
    out.captured_by = in.required("captured_by").text();
    out.policy =
        profiles::parse_policy(in.required("policy").text(), in.required("policy_file").text());
    for (const profiles::JsonValue& tap : in.required("taps").items()) {
        out.taps.push_back(tap_of(tap, out.taps.size()));
    }
    if (const auto key = in.optional("marker_key")) {
        out.marker_key = key_of(*key);
    }
    if (const auto canaries = in.optional("canaries")) {
        out.canaries = integrity::parse_canary_key(canaries->text(), "the orders' canaries");
    }
    in.finish();
    return out;
}

} // namespace bench::campaign
