// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_watch.h"

#include "bench/campaign/egress_watch_record.h"
#include "drivers/api/errors.h"
#include "results/folder_files.h"
#include "results/whole_file.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr const char* idle_phase = "idle";

bool is_emulated(const plan::PlanArray& array) {
    return array.description.emulated.has_value();
}

bool all_emulated(const plan::Plan& plan) {
    return std::all_of(plan.arrays.begin(), plan.arrays.end(), is_emulated);
}

// What the policy says of storage, so that the taps need not copy what storage sessions carry.
std::vector<std::uint16_t> storage_ports(const profiles::Policy& policy) {
    std::set<std::uint16_t> out;
    for (const profiles::PolicyRule& rule : policy.rules) {
        if (rule.storage && rule.protocol == "tcp") {
            out.insert(rule.ports.begin(), rule.ports.end());
        }
    }
    return {out.begin(), out.end()};
}

drivers::wire::MacAddress mac_of(const std::string& text) {
    drivers::wire::MacAddress out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        constexpr std::size_t letters = 3;
        const char* at = text.data() + i * letters;
        std::from_chars(at, at + 2, out[i], 16);
    }
    return out;
}

} // namespace

std::string egress_hindrance(const plan::Plan& plan) {
    return plan.egress && all_emulated(plan) ? drivers::lab::gain_network_rights() : "";
}

void EgressWatch::take_canary_key(const std::string& folder) {
    const std::string path = folder + "/canary-key.json";
    key_was_kept_ = results::is_there_in(folder, "canary-key.json");
    if (key_was_kept_) {
        canaries_ =
            integrity::parse_canary_key(results::read_file_in(folder, "canary-key.json"), path);
        return;
    }
    canaries_.key = integrity::new_canary_key();
    for (const plan::PlanArray& array : plan_.arrays) {
        canaries_.luns[static_cast<std::uint32_t>(canaries_.luns.size())] = array.name;
    }
    integrity::write_canary_key(path, canaries_);
}

EgressWatch::EgressWatch(const plan::Plan& plan,
                         const std::string& hindrance,
                         RunJournal& journal,
                         const std::string& folder)
    : plan_(plan)
    , journal_(journal)
    , markers_(egress::Markers::with_random_key()) {
    take_canary_key(folder);
    const auto emulated = static_cast<std::size_t>(
        std::count_if(plan.arrays.begin(), plan.arrays.end(), is_emulated));
    std::string why = hindrance;
    if (why.empty() && emulated > 0 && !all_emulated(plan)) {
        why = "beside real arrays an emulated one stays on the host's own network";
    }
    if (why.empty() && emulated > 0) {
        try {
            build_laboratory();
            watch_emulated();
        } catch (const drivers::HostError& error) {
            why = error.what();
            watches_.clear();
            visit_.reset();
            laboratory_.reset();
        }
    }
    for (const plan::PlanArray& array : plan_.arrays) {
        if (is_emulated(array) && !laboratory_) {
            missing_.push_back({array.name, "no laboratory: " + why});
        }
    }
    watch_real();
    journal_.note("egress watch", {{"laboratory", laboratory_ ? "yes" : "no"}, {"reason", why}});
    sender_ =
        std::make_unique<MarkerSender>(markers_, laboratory_ ? laboratory_routes() : real_routes());
}

EgressWatch::~EgressWatch() = default;

void EgressWatch::build_laboratory() {
    std::vector<std::size_t> controllers;
    for (const plan::PlanArray& array : plan_.arrays) {
        controllers.push_back(std::min<std::size_t>(array.description.emulated->controllers,
                                                    drivers::lab::data_addresses_max));
    }
    laboratory_ = std::make_unique<drivers::lab::Laboratory>(controllers);
    visit_ = std::make_unique<drivers::lab::Visit>(laboratory_->initiator().descriptor());
}

WatchOrders EgressWatch::orders_for(const plan::PlanArray& array) const {
    WatchOrders out;
    out.array = array.name;
    out.captured_by = captured_by(plan_, array.name, true);
    out.policy = plan_.egress->policies.at(array.name).rules;
    out.canaries = canaries_;
    out.marker_key = markers_.key();
    return out;
}

void EgressWatch::watch_emulated() {
    for (std::size_t i = 0; i < plan_.arrays.size(); ++i) {
        const drivers::lab::ArrayPlace& place = laboratory_->place(i);
        ArrayWatchSettings settings;
        settings.orders = orders_for(plan_.arrays[i]);
        // In the laboratory the array's own addresses are known, whatever the policy supposes.
        settings.orders.policy.array_addresses = place.prefixes;
        drivers::capture::LiveSettings tap;
        tap.interface = place.mirror;
        tap.header_only_ports = storage_ports(settings.orders.policy);
        settings.orders.taps = {tap};
        settings.network = laboratory_->wiring().descriptor();
        watches_.push_back(std::make_unique<ArrayWatch>(std::move(settings)));
    }
}

void EgressWatch::watch_real() {
    for (const plan::PlanArray& array : plan_.arrays) {
        if (is_emulated(array)) {
            continue;
        }
        ArrayWatchSettings settings;
        settings.orders = orders_for(array);
        std::set<std::string> interfaces;
        for (const profiles::PortDescription& port : array.description.ports) {
            interfaces.insert(port.watched_by);
        }
        interfaces.erase("");
        for (const std::string& interface : interfaces) {
            drivers::capture::LiveSettings tap;
            tap.interface = interface;
            tap.header_only_ports = storage_ports(settings.orders.policy);
            settings.orders.taps.push_back(tap);
        }
        try {
            if (interfaces.empty()) {
                throw drivers::HostError("no port of it names an interface that watches it");
            }
            watches_.push_back(std::make_unique<ArrayWatch>(std::move(settings)));
        } catch (const drivers::HostError& error) {
            missing_.push_back({array.name, error.what()});
        }
    }
}

std::unique_ptr<drivers::array::EmulatedArray>
EgressWatch::start(const plan::PlanArray& array) const {
    drivers::array::ChildSettings settings;
    settings.file = array.description.file;
    for (std::size_t i = 0; laboratory_ && i < plan_.arrays.size(); ++i) {
        if (plan_.arrays[i].name == array.name) {
            settings.network_namespace = laboratory_->array_network(i);
            settings.data_addresses = laboratory_->place(i).data_addresses;
            settings.speak_by = {drivers::lab::management_interface, drivers::lab::data_interface};
        }
    }
    return std::make_unique<drivers::array::EmulatedArray>(settings);
}

void EgressWatch::plant(std::vector<ArrayUnderTest>& arrays, bool knows_older) const {
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        // What was written with another key would look altered.
        if (arrays[i].child || !knows_older || key_was_kept_) {
            arrays[i].canary.emplace(canaries_.key,
                                     integrity::CanaryPlace{.lun = static_cast<std::uint32_t>(i)});
        }
    }
}

ArrayWatch* EgressWatch::watch_of(const std::string& array) const {
    const auto found = std::find_if(watches_.begin(), watches_.end(), [&](const auto& watch) {
        return watch->array() == array;
    });
    return found == watches_.end() ? nullptr : found->get();
}

void EgressWatch::begin_phase(const std::string& phase) {
    for (const auto& watch : watches_) {
        watch->begin_phase(phase);
    }
}

void EgressWatch::begin_phase_of(const std::string& array, const std::string& phase) {
    if (ArrayWatch* watch = watch_of(array)) {
        watch->begin_phase(phase);
    }
}

// Each array's loaded round is held against the one in which the next array of the plan was loaded.
void EgressWatch::begin_slots(const std::string& array, std::uint32_t pair) {
    const std::size_t count = plan_.arrays.size();
    for (std::size_t i = 0; count > 1 && i < count; ++i) {
        ArrayWatch* watch = watch_of(plan_.arrays[i].name);
        const bool loaded = plan_.arrays[i].name == array;
        if (watch != nullptr && (loaded || plan_.arrays[(i + 1) % count].name == array)) {
            watch->begin_slot(pair, loaded);
        }
    }
}

void EgressWatch::begin_round(const std::string& array,
                              const std::string& phase,
                              std::optional<std::uint32_t> pair) {
    for (const auto& watch : watches_) {
        watch->begin_phase(watch->array() == array ? phase : idle_phase);
    }
    if (pair) {
        begin_slots(array, *pair);
    }
    if (ArrayWatch* watch = watch_of(array)) {
        round_began_ = watch->books();
    }
}

// Once for each watch, in the journal.
void EgressWatch::note_ended() {
    for (const auto& watch : watches_) {
        const std::string why = watch->ended();
        if (!why.empty() && noted_.insert(watch->array()).second) {
            journal_.note("egress watch ended", {{"array", watch->array()}, {"reason", why}});
        }
    }
}

void EgressWatch::end_round(results::RoundRecord& round) {
    for (const auto& each : watches_) {
        each->end_slot();
    }
    ArrayWatch* watch = watch_of(round.array);
    if (watch == nullptr) {
        return;
    }
    const std::optional<EgressBooks> now = watch->books();
    watch->begin_phase(idle_phase);
    note_ended();
    if (!now || !round_began_) {
        return; // Not seen.
    }
    const EgressBooks during = *now - *round_began_;
    round.measures["egress_frames"] = static_cast<double>(during.frames);
    round.measures["egress_allowed_bytes"] = static_cast<double>(during.allowed_bytes);
    round.measures["egress_unlisted_bytes"] =
        static_cast<double>(during.unlisted_bytes + during.undecoded_bytes);
}

// Past both ports of every array.
std::vector<MarkerRoute> EgressWatch::laboratory_routes() const {
    std::vector<MarkerRoute> out;
    for (std::size_t i = 0; i < watches_.size(); ++i) {
        const drivers::lab::ArrayPlace& place = laboratory_->place(i);
        for (const std::string& mac : {place.data_mac, place.management_mac}) {
            out.push_back(
                {drivers::lab::initiator_interface, mac_of(mac), {{watches_[i].get(), 0}}});
        }
    }
    return out;
}

// One for each interface and address, be it past the taps of several ports or arrays.
std::vector<MarkerRoute> EgressWatch::real_routes() const {
    std::vector<MarkerRoute> out;
    for (const plan::PlanArray& array : plan_.arrays) {
        ArrayWatch* watch = watch_of(array.name);
        for (const profiles::PortDescription& port : array.description.ports) {
            if (watch == nullptr || port.markers_from.empty()) {
                continue;
            }
            auto route = std::find_if(out.begin(), out.end(), [&](const MarkerRoute& one) {
                return one.interface == port.markers_from && one.to == port.markers_to;
            });
            if (route == out.end()) {
                route = out.insert(out.end(), {port.markers_from, port.markers_to, {}});
            }
            const std::size_t tap = watch->tap_at(port.watched_by);
            if (std::none_of(
                    route->past.begin(), route->past.end(), [&](const MarkerRoute::Past& one) {
                        return one.watch == watch && one.tap == tap;
                    })) {
                route->past.push_back({watch, tap});
            }
        }
    }
    return out;
}

void EgressWatch::stop() {
    sender_->stop();
    for (const auto& watch : watches_) {
        (void)watch->books(); // The last markers are on their way.
        watch->stop();
    }
}

void EgressWatch::finish(const std::string& folder, results::RunRecord& run) {
    stop();
    note_ended();
    EgressFolder out(folder);
    for (const auto& watch : watches_) {
        out.record(watch->account(), plan_.egress->demand_silence, run);
    }
    for (const Missing& missing : missing_) {
        results::EgressRecord record;
        record.array = missing.array;
        record.not_measured = missing.why;
        run.egress.push_back(record);
    }
    if (laboratory_) {
        out.write_outside(laboratory_->outside().log());
    }
    record_ports(plan_, laboratory_ != nullptr, run);
    sender_.reset();
    watches_.clear();
    visit_.reset();
    laboratory_.reset();
}

} // namespace bench::campaign
