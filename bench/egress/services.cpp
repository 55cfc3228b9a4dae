// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/services.h"

#include <algorithm>

namespace bench::egress {

namespace {

void note(std::vector<std::int64_t>& events, std::int64_t at_ns, std::uint64_t& left_out) {
    if (events.size() < service_events_max) {
        events.push_back(at_ns);
    } else {
        ++left_out;
    }
}

} // namespace

Services::Begun Services::begin(const Flow& flow) {
    const std::size_t client = flow.initiator_end();
    FlowKey key = flow.key; // The client's own port is not part of a service.
    key.ports[client] = 0;
    const auto hash = static_cast<std::uint32_t>(key.hash(secret_));
    std::uint32_t index =
        by_key_.find(hash, [&](std::uint32_t one) { return services_[one].key == key; });
    if (index == SlotTable::none) {
        if (services_.size() > services_max_) {
            ++left_out_;
            return {};
        }
        index = static_cast<std::uint32_t>(services_.size());
        by_key_.insert(hash, index);
        Service& fresh = services_.emplace_back();
        fresh.key = key;
        fresh.client = flow.key.ends[client];
        fresh.server = flow.key.ends[1 - client];
        fresh.port = flow.key.ports[1 - client];
        fresh.protocol = flow.key.protocol;
        fresh.vlan = flow.key.vlan;
        fresh.rule = flow.rule;
        fresh.first_ns = flow.first_ns;
        fresh.sample = flow.key;
    }
    Service& service = services_[index];
    service.rule = flow.rule == rule_none
                       ? rule_none
                       : service.rule; // One unlisted flow makes the service unlisted.
    ++service.connections;
    Begun out{index, 0};
    if (service.starts_ns.size() < service_events_max) {
        service.start_bytes.push_back(0);
        out.start = static_cast<std::uint32_t>(service.start_bytes.size());
    }
    note(service.starts_ns, flow.first_ns, service.events_left_out);
    return out;
}

void Services::packet(const Flow& flow, const Said& said) {
    Service& service = services_[flow.service];
    service.last_ns = said.at_ns;
    (said.from_client ? service.bytes_out : service.bytes_in) += said.wire_bytes;
    if (!said.payload || !said.from_client) {
        return;
    }
    const std::int64_t silence = said.at_ns - service.last_payload_ns;
    if (silence > burst_gaps_ns[0]) {
        for (std::size_t level = 0; level < burst_gaps_ns.size(); ++level) {
            if (service.last_payload_ns == 0 || silence > burst_gaps_ns[level]) {
                if (service.bursts_ns[level].size() < service_events_max) {
                    service.silences_ns[level].push_back(service.last_payload_ns == 0 ? 0
                                                                                      : silence);
                }
                note(service.bursts_ns[level], said.at_ns, service.events_left_out);
            }
        }
    }
    service.last_payload_ns = said.at_ns;
}

void Services::connection(const Flow& flow) {
    if (flow.service == 0) {
        return;
    }
    Service& service = services_[flow.service];
    const std::size_t client = flow.initiator_end();
    service.last_ns = std::max(service.last_ns, flow.last_ns);
    service.bytes_out += flow.bytes[client];
    service.bytes_in += flow.bytes[1 - client];
    if (service.start_bytes.size() == service.starts_ns.size() && !service.starts_ns.empty() &&
        service.starts_ns.back() == flow.first_ns) {
        service.start_bytes.back() = flow.bytes[client];
    }
}

void Services::end(const Flow& flow) {
    if (flow.service != 0 && flow.start != 0) {
        services_[flow.service].start_bytes[flow.start - 1] = flow.bytes[flow.initiator_end()];
    }
}

} // namespace bench::egress
