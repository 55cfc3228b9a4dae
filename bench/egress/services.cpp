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

std::uint32_t Services::begin(const Flow& flow) {
    const std::size_t client = flow.initiator_end();
    FlowKey key = flow.key; // The client's own port is not part of a service.
    key.ports[client] = 0;
    const auto [found, fresh] =
        by_key_.try_emplace(key, static_cast<std::uint32_t>(services_.size()));
    if (fresh) {
        if (services_.size() > services_max_) {
            by_key_.erase(found);
            ++left_out_;
            return 0;
        }
        Service service;
        service.client = flow.key.ends[client];
        service.server = flow.key.ends[1 - client];
        service.port = flow.key.ports[1 - client];
        service.protocol = flow.key.protocol;
        service.vlan = flow.key.vlan;
        service.rule = flow.rule;
        service.first_ns = flow.first_ns;
        service.sample = flow.key;
        services_.push_back(std::move(service));
    }
    Service& service = services_[found->second];
    service.rule = flow.rule == rule_none
                       ? rule_none
                       : service.rule; // One unlisted flow makes the service unlisted.
    ++service.connections;
    if (service.starts_ns.size() < service_events_max) {
        service.start_bytes.push_back(0);
    }
    note(service.starts_ns, flow.first_ns, service.events_left_out);
    return found->second;
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
    if (flow.service == 0) {
        return;
    }
    Service& service = services_[flow.service];
    for (std::size_t i = service.starts_ns.size(); i-- > 0;) {
        if (service.starts_ns[i] == flow.first_ns) {
            service.start_bytes[i] = flow.bytes[flow.initiator_end()];
            break;
        }
    }
}

} // namespace bench::egress
