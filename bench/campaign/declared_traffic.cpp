// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/declared_traffic.h"

#include <algorithm>
#include <cmath>

namespace bench::campaign {

using namespace std::chrono_literals;
using namespace drivers::array;

namespace {

constexpr double without_memory = 2;

// A name that the pattern covers.
std::string name_below(const std::string& pattern) {
    return pattern.starts_with("*.") ? "array" + pattern.substr(1) : pattern;
}

ActorKind kind_of(const profiles::PolicyRule& rule) {
    const std::uint16_t port = rule.ports.empty() ? std::uint16_t{0} : rule.ports.front();
    return rule.protocol != "udp" ? ActorKind::call_home
           : port == 53           ? ActorKind::dns
           : port == 123          ? ActorKind::ntp
           : port == 162          ? ActorKind::snmp_trap
                                  : ActorKind::syslog;
}

} // namespace

DeclaredTraffic::DeclaredTraffic(const profiles::Policy& policy, std::uint64_t seed) {
    std::vector<std::string> names;
    for (const profiles::PolicyRule& rule : policy.rules) {
        for (const std::string& pattern : rule.dns_names) {
            names.push_back(name_below(pattern));
        }
    }
    for (const profiles::PolicyRule& rule : policy.rules) {
        add_rule(rule, names, seed = seed * 6364136223846793005U + 1442695040888963407U);
    }
}

void DeclaredTraffic::add_rule(const profiles::PolicyRule& rule,
                               const std::vector<std::string>& dns_names,
                               std::uint64_t seed) {
    using LinkFrame = SimulatedTap::LinkFrame;
    const auto link = [&](LinkFrame kind, drivers::Duration mean, double jitter) {
        add_habit(mean, jitter, seed, [kind](SimulatedTap& tap, drivers::Duration at) {
            tap.link_frame(kind, at);
        });
    };
    if (rule.protocol == "arp") {
        link(LinkFrame::arp, 5min, without_memory);
    } else if (rule.protocol == "lldp") {
        link(LinkFrame::lldp, 30s, 0);
    } else if (rule.protocol == "icmp6") {
        link(LinkFrame::neighbour, 10min, without_memory);
        memoryless_.push_back(rule.name);
    } else if (rule.direction == profiles::Direction::to_array) {
        add_inward(rule, seed);
    } else {
        add_outward(rule, dns_names, seed);
    }
}

void DeclaredTraffic::add_outward(const profiles::PolicyRule& rule,
                                  const std::vector<std::string>& dns_names,
                                  std::uint64_t seed) {
    const ActorKind kind = kind_of(rule);
    if (kind == ActorKind::syslog || kind == ActorKind::snmp_trap) {
        memoryless_.push_back(rule.name);
    }
    for (const std::string& remote : rule.remotes) {
        for (const std::uint16_t port : rule.ports) {
            ActorSettings settings = usual_actor(kind);
            settings.seed = ++seed;
            settings.remote = name_below(remote);
            settings.port = port;
            settings.names = dns_names;
            if (rule.period) {
                settings.period = *rule.period;
                settings.jitter = std::min(settings.jitter, rule.period_tolerance / 2);
            }
            if (kind != ActorKind::dns || !dns_names.empty()) {
                actors_.emplace_back(settings);
            }
        }
    }
}

void DeclaredTraffic::add_inward(const profiles::PolicyRule& rule, std::uint64_t seed) {
    if (!rule.storage) {
        memoryless_.push_back(rule.name);
    }
    for (const std::uint16_t port : rule.ports) {
        SimulatedTap::Call call;
        call.port = port;
        call.storage = rule.storage;
        const drivers::Duration mean =
            rule.storage ? drivers::Duration(30s) : drivers::Duration(2h);
        add_habit(mean,
                  rule.storage ? 0 : without_memory,
                  ++seed,
                  [call](SimulatedTap& tap, drivers::Duration at) { tap.call_in(call, at); });
    }
}

void DeclaredTraffic::add_habit(drivers::Duration mean,
                                double jitter,
                                std::uint64_t seed,
                                std::function<void(SimulatedTap&, drivers::Duration)> act) {
    Habit habit{mean, jitter, std::move(act), Random(seed), {}};
    habit.next = std::chrono::duration_cast<drivers::Duration>(mean * habit.random.unit());
    habits_.push_back(std::move(habit));
}

drivers::Duration DeclaredTraffic::gap(Habit& habit) {
    const double factor = habit.jitter > 1 ? -std::log(1.0 - habit.random.unit())
                                           : 1 + habit.jitter * (2 * habit.random.unit() - 1);
    return std::chrono::duration_cast<drivers::Duration>(habit.mean * factor);
}

drivers::Duration DeclaredTraffic::next_due() const {
    drivers::Duration out = drivers::Duration::max();
    for (const ActorSchedule& actor : actors_) {
        out = std::min(out, actor.next_due());
    }
    for (const Habit& habit : habits_) {
        out = std::min(out, habit.next);
    }
    return out;
}

void DeclaredTraffic::speak(SimulatedTap& tap) {
    const drivers::Duration due = next_due();
    for (ActorSchedule& actor : actors_) {
        if (actor.next_due() == due) {
            tap.carry(actor.take());
            return;
        }
    }
    for (Habit& habit : habits_) {
        if (habit.next == due) {
            habit.act(tap, due);
            habit.next += gap(habit);
            return;
        }
    }
}

bool DeclaredTraffic::is_memoryless(const std::string& rule) const {
    return std::find(memoryless_.begin(), memoryless_.end(), rule) != memoryless_.end();
}

} // namespace bench::campaign
