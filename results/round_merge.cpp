// SPDX-License-Identifier: Apache-2.0
#include "results/round_merge.h"

#include "results/round_end.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace results {

namespace {

// Highest values do not add up.
bool is_extreme(const std::string& name) {
    for (const char* word :
         {"_p50", "_p99", "_max", "_at_most", "high_water", "fraction", "ns@", "_done_ns"}) {
        if (name.find(word) != std::string::npos) {
            return true;
        }
    }
    return name == "targets"; // Of the whole platform, as each part knows it.
}

// Each sentence once, in an order that does not tell who came first.
void join_sentences(const std::vector<std::string>& from, std::vector<std::string>& into) {
    into.insert(into.end(), from.begin(), from.end());
    std::sort(into.begin(), into.end());
    into.erase(std::unique(into.begin(), into.end()), into.end());
}

void add_stream(const StreamRecord& from, StreamRecord& to) {
    to.response_ns.merge(from.response_ns);
    to.wait_ns.merge(from.wait_ns);
    to.service_ns.merge(from.service_ns);
    to.completed += from.completed;
    to.bytes += from.bytes;
    to.failed += from.failed;
    to.timed_out += from.timed_out;
    to.lost += from.lost;
    to.unfinished += from.unfinished;
    if (from.unanswered_ns) {
        (to.unanswered_ns ? *to.unanswered_ns : to.unanswered_ns.emplace())
            .merge(*from.unanswered_ns);
    }
    for (const auto& [text, count] : from.errors) {
        to.errors[text] += count;
    }
}

void add_streams(const RoundRecord& from, RoundRecord& to) {
    for (const StreamRecord& stream : from.streams) {
        const auto found = std::find_if(to.streams.begin(), to.streams.end(), [&](const auto& one) {
            return one.name == stream.name;
        });
        if (found == to.streams.end()) {
            to.streams.push_back(stream);
        } else {
            add_stream(stream, *found);
        }
    }
    for (const auto& [name, histogram] : from.histograms) {
        to.histograms[name].merge(histogram);
    }
}

void add_responses(const IntervalRecord& from, IntervalRecord& to) {
    if (from.response_ns && to.response_ns) {
        to.response_ns->merge(*from.response_ns);
        to.response_ns_p50 = to.response_ns->quantile_ns(0.5);
        to.response_ns_p99 = to.response_ns->quantile_ns(0.99);
        to.response_ns_max = to.response_ns->max_ns();
        return;
    }
    to.response_ns.reset();
    to.response_ns_p50 = std::max(to.response_ns_p50, from.response_ns_p50);
    to.response_ns_p99 = std::max(to.response_ns_p99, from.response_ns_p99);
    to.response_ns_max = std::max(to.response_ns_max, from.response_ns_max);
}

void add_interval(const IntervalRecord& from, IntervalRecord& to) {
    to.length_ns = std::max(to.length_ns, from.length_ns);
    to.due += from.due;
    to.submitted += from.submitted;
    to.completed += from.completed;
    to.errors += from.errors;
    to.bytes_read += from.bytes_read;
    to.bytes_written += from.bytes_written;
    add_responses(from, to);
    to.outstanding_max += from.outstanding_max;
    if (to.invalid.empty() || (!from.invalid.empty() && from.invalid < to.invalid)) {
        to.invalid = from.invalid; // One of them is reason enough.
    }
}

void add_intervals(const RoundRecord& from, RoundRecord& to) {
    for (const IntervalRecord& interval : from.intervals) {
        const auto place = std::lower_bound(
            to.intervals.begin(), to.intervals.end(), interval, [](const auto& a, const auto& b) {
                return a.from_ns < b.from_ns;
            });
        if (place != to.intervals.end() && place->from_ns == interval.from_ns) {
            add_interval(interval, *place);
        } else {
            to.intervals.insert(place, interval);
        }
    }
}

void add_audit(const AuditRecord& from, AuditRecord& to) {
    to.offered_per_s += from.offered_per_s;
    to.achieved_per_s += from.achieved_per_s;
    to.scheduled += from.scheduled;
    to.submitted += from.submitted;
    to.completed += from.completed;
    to.slip_ns.merge(from.slip_ns);
    to.lane_cpu_fraction = std::max(to.lane_cpu_fraction, from.lane_cpu_fraction);
    to.host_cpu_fraction = std::max(to.host_cpu_fraction, from.host_cpu_fraction);
    to.cpu_s_per_million = std::max(to.cpu_s_per_million, from.cpu_s_per_million);
    to.emulator_lateness_ns_p99 =
        std::max(to.emulator_lateness_ns_p99, from.emulator_lateness_ns_p99);
    to.emulator_service_ns_p50 = std::max(to.emulator_service_ns_p50, from.emulator_service_ns_p50);
    join_sentences(from.invalid, to.invalid);
}

// Rows stand by part, and what does not add up exactly is summed in that order.
void add_hosts(const RoundRecord& from, RoundRecord& to) {
    if (!from.hosts || !to.hosts) {
        return;
    }
    to.hosts->insert(to.hosts->end(), from.hosts->begin(), from.hosts->end());
    std::sort(to.hosts->begin(), to.hosts->end(), [](const HostRecord& a, const HostRecord& b) {
        return std::tie(a.part, a.host) < std::tie(b.part, b.host);
    });
    to.audit.offered_per_s = 0;
    to.audit.achieved_per_s = 0;
    std::int64_t started = to.hosts->front().started_utc_ns;
    std::int64_t last_started = started;
    std::int64_t first_done = to.hosts->front().done_utc_ns;
    std::int64_t last_done = first_done;
    for (const HostRecord& host : *to.hosts) {
        to.audit.offered_per_s += host.offered_per_s;
        to.audit.achieved_per_s += host.achieved_per_s;
        started = std::min(started, host.started_utc_ns);
        last_started = std::max(last_started, host.started_utc_ns);
        first_done = std::min(first_done, host.done_utc_ns);
        last_done = std::max(last_done, host.done_utc_ns);
    }
    to.started_utc_ns = started;
    to.done_ns = last_done - started;
    to.measures["first_done_ns"] = static_cast<double>(first_done - started);
    to.measures["last_done_ns"] = static_cast<double>(last_done - started);
    to.measures["start_skew_ns_max"] = static_cast<double>(last_started - started);
}

void add_measures(const RoundRecord& from, RoundRecord& to) {
    for (const auto& [name, value] : from.measures) {
        const auto [found, is_new] = to.measures.emplace(name, value);
        if (!is_new) {
            found->second =
                is_extreme(name) ? std::max(found->second, value) : found->second + value;
        }
    }
    // A stream's own percentiles are those of its merged histogram.
    for (auto& [name, value] : to.measures) {
        for (const StreamRecord& stream : to.streams) {
            std::string prefix = stream.name + "_ns_p";
            std::replace(prefix.begin(), prefix.end(), ' ', '_');
            if (!name.starts_with(prefix)) {
                continue;
            }
            std::string digits = name.substr(prefix.size());
            std::replace(digits.begin(), digits.end(), '_', '.');
            const double share = std::strtod(digits.c_str(), nullptr) / 100;
            value = static_cast<double>(stream.response_ns.quantile_ns(share));
        }
    }
}

void add_findings(const RoundRecord& from, RoundRecord& to) {
    to.findings.insert(to.findings.end(), from.findings.begin(), from.findings.end());
    std::stable_sort(to.findings.begin(), to.findings.end(), [](const auto& a, const auto& b) {
        return std::tie(a.at_utc_ns, a.kind, a.summary) < std::tie(b.at_utc_ns, b.kind, b.summary);
    });
}

// A refusal comes first, then a lost array, then an interruption.
const std::string& worse_end(const std::string& a, const std::string& b) {
    const RoundEnd end_of_a = end_of(a);
    const RoundEnd end_of_b = end_of(b);
    if (end_of_a != end_of_b) {
        return end_of_a > end_of_b ? a : b;
    }
    return std::min(a, b);
}

void add_losses(const RoundRecord& from, RoundRecord& to) {
    if (!from.losses) {
        return;
    }
    auto& all = to.losses ? *to.losses : to.losses.emplace();
    all.insert(all.end(), from.losses->begin(), from.losses->end());
    std::sort(all.begin(), all.end(), [](const LossRecord& a, const LossRecord& b) {
        return std::tie(a.kind, b.units, a.number) < std::tie(b.kind, a.units, b.number);
    });
}

} // namespace

void name_part(RoundRecord& round, const RoundPart& part) {
    HostRecord host;
    host.part = part.part;
    host.parts = part.parts;
    host.host = part.host;
    host.started_utc_ns = round.started_utc_ns;
    host.done_utc_ns =
        round.started_utc_ns + round.done_ns.value_or(round.ramp_ns + round.duration_ns);
    host.clock_error_ns = part.clock_error_ns;
    host.offered_per_s = round.audit.offered_per_s;
    host.achieved_per_s = round.audit.achieved_per_s;
    host.scheduled = round.audit.scheduled;
    host.completed = round.audit.completed;
    host.slip_ns_p99 = round.audit.slip_ns.quantile_ns(0.99);
    host.lane_cpu_fraction = round.audit.lane_cpu_fraction;
    host.host_cpu_fraction = round.audit.host_cpu_fraction;
    host.cpu_s_per_million = round.audit.cpu_s_per_million;
    host.ended = round.ended;
    host.invalid = round.audit.invalid;
    const std::string who = fmt::format("{}/{} {}: ", part.part, part.parts, part.host);
    for (std::string& reason : round.audit.invalid) {
        reason.insert(0, who);
    }
    round.hosts.emplace().push_back(std::move(host));
}

void merge_round(const RoundRecord& from, RoundRecord& into) {
    add_streams(from, into);
    add_intervals(from, into);
    add_audit(from.audit, into.audit);
    into.duration_ns = std::max(into.duration_ns, from.duration_ns);
    add_measures(from, into);
    add_hosts(from, into); // After the measures: it says some of them anew.
    add_findings(from, into);
    add_losses(from, into);
    for (const auto& [portal, count] : from.path_completed) {
        into.path_completed[portal] += count;
    }
    if (from.verified_after &&
        (!into.verified_after || from.verified_after->find("nothing") == 0)) {
        into.verified_after = from.verified_after;
    }
    into.ended = worse_end(from.ended, into.ended);
    if (into.hosts) { // An earlier merge may have missed parts that are here now.
        into.ended = "complete";
        for (const HostRecord& host : *into.hosts) {
            into.ended = worse_end(into.ended, host.ended);
        }
    }
}

} // namespace results
