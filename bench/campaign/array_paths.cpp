// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/array_paths.h"

#include "bench/plan/plan_check.h"
#include "drivers/api/errors.h"
#include "profiles/units.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

namespace bench::campaign {

namespace {

constexpr drivers::Duration kernel_checks_every = std::chrono::seconds(5); // polling_interval
constexpr drivers::Duration for_ever = std::chrono::hours(24);

// dm-multipath's no_path_retry: how often paths are checked before a request fails.
std::optional<drivers::Duration> path_wait(const std::string& retry) {
    if (retry == "queue") {
        return for_ever;
    }
    if (retry == "fail") {
        return drivers::Duration{0};
    }
    std::uint32_t checks = 0;
    const auto [end, error] = std::from_chars(retry.data(), retry.data() + retry.size(), checks);
    if (error != std::errc{} || end != retry.data() + retry.size() || checks > 10'000) {
        return std::nullopt;
    }
    return kernel_checks_every * checks;
}

// What the bench does in any case, under the name that a host's settings have for it.
bool is_done_anyway(const std::string& key, const std::string& value) {
    return (key == "priority" && value.starts_with("alua")) ||
           (key == "path_policy" && value == "group_by_prio") ||
           (key == "failback" && value == "immediate");
}

// Why a setting of the kernel's initiators has nothing here that it could set.
std::string not_applied(const std::string& key) {
    if (key == "fast_io_fail") {
        return "not applied: what a lost session held goes to another path at once";
    }
    if (key == "max_sectors") {
        return "not applied: accesses keep the workload's sizes";
    }
    return "not applied: the bench is its own initiator and knows no such thing";
}

} // namespace

std::vector<plan::Url> chosen_paths(const std::vector<std::string>& urls,
                                    const plan::PlanArray& planned) {
    std::vector<plan::Url> all;
    for (const std::string& text : urls) {
        if (plan::transport_of(text) != planned.transport) {
            continue;
        }
        const plan::Url url = plan::parse_url(text);
        if (!planned.paths) { // As the description names it.
            return {url};
        }
        for (const plan::UrlPortal& portal : url.portals) {
            all.push_back(url);
            all.back().portals = {portal};
        }
        if (url.portals.empty()) {
            all.push_back(url);
        }
    }
    if (all.empty() || (planned.paths && *planned.paths > all.size())) {
        throw drivers::ArrayError(fmt::format("{}: offers {} {} paths, wanted {}",
                                              planned.name,
                                              all.size(),
                                              planned.transport,
                                              std::max(planned.paths.value_or(1), 1U)));
    }
    if (*planned.paths > 0) {
        all.resize(*planned.paths);
    }
    return all;
}

plan::DriverOptions host_options(const plan::Plan& plan,
                                 const plan::PlanArray& planned,
                                 std::map<std::string, std::string>& said) {
    plan::DriverOptions out;
    out.depth = plan.depth;
    out.paths = planned.any_paths ? plan::PathsWanted::any : plan::PathsWanted::all;
    if (planned.description.real && planned.description.real->chap) {
        const profiles::EmulatedChap& chap = *planned.description.real->chap;
        out.chap_user = chap.user;
        out.chap_secret = {chap.secret.file, chap.secret.environment, true};
        out.mutual_user = chap.mutual_user;
        out.mutual_secret = {
            chap.mutual_secret.file, chap.mutual_secret.environment, !chap.mutual_user.empty()};
    }
    if (planned.description.real) {
        out.header_digest = planned.description.real->header_digest;
        out.data_digest = planned.description.real->data_digest;
    }
    const bool uniform = plan.host_settings == plan::HostSettings::uniform;
    said["host settings"] = uniform ? "uniform" : "recommended";
    for (const auto& [key, value] : planned.description.host_settings) {
        std::string effect = not_applied(key);
        if (uniform) {
            effect = "not applied: the same settings for every array";
        } else if (is_done_anyway(key, value)) {
            effect = "as the bench does";
        } else if (const auto wait = path_wait(value); key == "no_path_retry" && wait) {
            out.reconnect_timeout = *wait;
            effect = "applied";
        } else if (key == "path_policy" && value == "multibus") {
            out.any_path = true;
            effect = "applied";
        }
        said["vendor recommends " + key] = fmt::format("{} ({})", value, effect);
    }
    said["host waits for a path"] = profiles::duration_text(out.reconnect_timeout);
    said["host command timeout"] = profiles::duration_text(out.command_timeout);
    said["host path policy"] =
        out.any_path ? "round-robin over all paths"
                     : "round-robin over optimized paths, else over non-optimized ones";
    return out;
}

void check_unused_urls(ArrayUnderTest& array, drivers::Clock& clock) {
    const plan::PlanArray& planned = *array.planned;
    if (planned.paths || !planned.description.real) {
        return;
    }
    plan::PlanArray every = planned;
    every.paths = 0;
    const std::vector<plan::UrlPortal> used = array.paths.front().portals;
    plan::DriverOptions asked = array.options;
    asked.expected = array.mark();
    for (const plan::Url& url : chosen_paths(planned.description.real->urls, every)) {
        const bool is_used =
            url.text() == array.paths.front().text() ||
            std::any_of(used.begin(), used.end(), [&](const plan::UrlPortal& portal) {
                plan::Url same = array.paths.front();
                same.portals = {portal};
                return same.text() == url.text();
            });
        if (is_used) {
            continue;
        }
        std::string& said = array.host_settings["not used: " + url.text()];
        try { // A SafetyError goes on its way.
            (void)plan::open_driver(url, asked, clock);
            said = "leads to the same LUN, but the plan names no \"paths\"";
        } catch (const drivers::ArrayError& error) {
            said = fmt::format("does not answer: {}", error.what());
        }
    }
}

void describe_paths(const ArrayUnderTest& array, results::ArrayRecord& record) {
    record.settings.insert(array.host_settings.begin(), array.host_settings.end());
    std::size_t portals = 0;
    for (const plan::Url& path : array.paths) {
        portals += std::max<std::size_t>(path.portals.size(), 1);
    }
    record.settings["paths"] = std::to_string(portals);
    for (const drivers::PathReport& path : array.report.paths) {
        record.settings["path " + path.portal] = path.state;
    }
}

void count_paths(const ArrayUnderTest& array,
                 std::span<const load::Lane> lanes,
                 results::RoundRecord& round) {
    if (array.paths.size() < 2) {
        return;
    }
    double moved = 0;
    std::size_t fewest = array.paths.size();
    for (const load::Lane& lane : lanes) {
        for (const auto& driver : lane.drivers) {
            const auto counts = plan::path_counts(*driver);
            fewest = std::min(fewest, counts.size());
            for (const plan::PathUse& path : counts) {
                round.path_completed[path.portal] += path.completed;
                moved += static_cast<double>(path.moved);
            }
        }
    }
    round.measures["moved_to_other_path"] = moved;
    if (fewest < array.paths.size() && !array.planned->any_paths) {
        round.audit.invalid.push_back(
            fmt::format("only {} of {} paths could be opened", fewest, array.paths.size()));
    }
}

} // namespace bench::campaign
