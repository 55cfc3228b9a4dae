// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/discovery.h"

#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/controller.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <fmt/format.h>
#include <set>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr Duration patience = std::chrono::seconds(60); // For everything together ...
constexpr Duration patience_each =
    std::chrono::seconds(3); // ... and for one that is not asked for.
constexpr std::size_t discoveries_max = 64;
constexpr unsigned depth_max = 8;
constexpr std::size_t listed_max = 65536;

constexpr std::uint8_t type_referral = 1; // SUBTYPE (Base 5.16.1.23)
constexpr std::uint8_t type_subsystem = 2;
constexpr std::uint8_t over_tcp = 3; // TRTYPE

std::string transport_text(std::uint8_t type) {
    constexpr std::uint8_t rdma = 1;
    constexpr std::uint8_t fibre_channel = 2;
    return type == rdma            ? "RDMA"
           : type == fibre_channel ? "Fibre Channel"
                                   : fmt::format("transport type {}", type);
}

class Walk {
public:
    explicit Walk(Clock& clock)
        : clock_(clock)
        , until_(clock.now() + patience) {}

    std::vector<Listed> run(const Settings& first) {
        named_ = portal_text(first.host, std::to_string(first.port));
        ask(first, 0); // Throws: this one was asked for.
        while (!to_ask_.empty()) {
            const Referral referral = std::move(to_ask_.front());
            to_ask_.pop_front();
            follow(referral);
        }
        return std::move(found_);
    }

private:
    struct Referral {
        Settings settings;
        unsigned depth = 0;
        std::string portal;
    };

    Duration left() { return std::min(patience_each, until_ - clock_.now()); }

    void add(std::string target, std::string portal, std::string detail) {
        if (found_.size() < listed_max) {
            found_.push_back({std::move(target), std::move(portal), std::move(detail)});
        }
    }

    void follow(const Referral& referral) {
        std::string outcome;
        if (referral.depth > depth_max) {
            outcome = fmt::format(", not followed: more than {} deep", depth_max);
        } else if (asked_.size() >= discoveries_max) {
            outcome = fmt::format(", not followed: more than {} of them", discoveries_max);
        } else if (left().count() <= 0) {
            outcome = ", not followed: no time is left";
        }
        if (!outcome.empty()) {
            add(nvme::discovery_nqn, referral.portal, "referral" + outcome);
            return;
        }
        const std::size_t place = found_.size();
        add(nvme::discovery_nqn, referral.portal, "referral");
        try {
            Settings settings = referral.settings;
            settings.connect_timeout = left();
            ask(settings, referral.depth);
        } catch (const std::exception& error) {
            if (place < found_.size()) {
                found_[place].detail = fmt::format("referral, not followed: {}", error.what());
            }
        }
    }

    void ask(const Settings& settings, unsigned depth) {
        asked_.insert(portal_text(settings.host, std::to_string(settings.port)));
        Controller controller(settings, clock_);
        const auto entries = controller.discovery_entries();
        controller.shut_down(std::chrono::milliseconds(500));
        for (const nvme::DiscoveryEntry& entry : entries) {
            take(entry, settings, depth);
        }
    }

    void take(const nvme::DiscoveryEntry& entry, const Settings& from, unsigned depth) {
        const std::string address = portal_text(entry.address, entry.service);
        const std::string portal = fmt::format("{},{}", address, entry.port_id);
        const bool is_referral = entry.subsystem_type == type_referral;
        if (!is_referral && entry.subsystem_type != type_subsystem) {
            return; // The discovery subsystem itself.
        }
        Settings there = from;
        there.host = entry.address;
        there.subsystem_nqn = is_referral ? std::string(nvme::discovery_nqn) : entry.subsystem_nqn;
        if (address != named_) { // Whoever it is, nobody has named him.
            there.host_secret.clear();
            there.controller_secret.clear();
        }
        const char* const end = entry.service.data() + entry.service.size();
        const auto parsed = std::from_chars(entry.service.data(), end, there.port);
        const char* const kind = is_referral ? "referral, " : "";
        if (entry.transport != over_tcp) {
            add(entry.subsystem_nqn,
                portal,
                kind + transport_text(entry.transport) + ", not asked");
        } else if (parsed.ec != std::errc{} || parsed.ptr != end || there.port == 0) {
            add(entry.subsystem_nqn, portal, std::string(kind) + "no port number, not asked");
        } else if (!is_referral) {
            add_namespaces(there, portal);
        } else if (asked_.count(address) == 0 && referred_.insert(address).second) {
            to_ask_.push_back({std::move(there), depth + 1, portal});
        } // Else a loop: it has been asked.
    }

    // A subsystem that is listed but cannot be reached, or lets this host not in, stays in the
    // list.
    void add_namespaces(Settings settings, const std::string& portal) {
        const std::size_t place = found_.size();
        add(settings.subsystem_nqn, portal, "");
        std::string why;
        try {
            settings.connect_timeout = left();
            if (settings.connect_timeout.count() <= 0) {
                why = "not asked: no time is left";
            } else {
                Controller controller(settings, clock_);
                for (const std::uint32_t nsid : controller.active_namespaces()) {
                    add(fmt::format("{}/{}", settings.subsystem_nqn, nsid), portal, "");
                }
                controller.shut_down(std::chrono::milliseconds(500));
            }
        } catch (const std::exception& error) {
            why = error.what();
        }
        if (place < found_.size()) {
            found_[place].detail = why;
        }
    }

    Clock& clock_;
    TimePoint until_;
    std::string named_; // By the user.
    std::vector<Listed> found_;
    std::deque<Referral> to_ask_;
    std::set<std::string> asked_;
    std::set<std::string> referred_;
};

} // namespace

std::vector<Listed> discover(const Settings& settings, Clock& clock) {
    Settings first = settings;
    first.subsystem_nqn = nvme::discovery_nqn;
    first.keep_alive = Duration{0};
    return Walk(clock).run(first);
}

std::vector<Listed> list_namespaces(const Settings& settings, Clock& clock) {
    Controller controller(settings, clock);
    const std::string portal = portal_text(settings.host, std::to_string(settings.port));
    const TimePoint until = clock.now() + patience;
    std::vector<Listed> found;
    for (const std::uint32_t nsid : controller.active_namespaces()) {
        std::string detail = "not asked: no time is left";
        if (clock.now() < until) {
            try {
                const NamespaceFacts facts = controller.namespace_facts(nsid);
                const Geometry size = geometry_of(facts);
                const std::string id = unique_id_of(facts.identifiers);
                detail = fmt::format("{} blocks of {} bytes, {}",
                                     size.block_count,
                                     size.block_bytes,
                                     id.empty() ? "no unique id" : id);
            } catch (const ArrayError& error) {
                detail = error.what();
            }
        }
        found.push_back({fmt::format("{}/{}", settings.subsystem_nqn, nsid), portal, detail});
    }
    controller.shut_down(std::chrono::milliseconds(500));
    return found;
}

} // namespace drivers::nvme_tcp
