// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/sustained.h"

#include "results/numbers/summary.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

namespace bench::judge {

using results::Histogram;
using results::RoundRecord;

namespace {

constexpr double ns_per_s = 1e9;
constexpr double buffers_min = 5;
constexpr double readings_share = 2.0 / 3; // Of the load, ramp included: where the trend is drawn.
constexpr double accesses_per_commit = 4;  // Content, flush and two records of the journal.
constexpr double buffer_share_of_bench = 0.1;

using Rounds = std::span<const RoundRecord* const>;

double measure(const RoundRecord& round, const char* name) {
    const auto found = round.measures.find(name);
    return found == round.measures.end() ? 0 : found->second;
}

// How much later than it had to be everything in a chain of accesses may have been by the bench's
// own fault and the emulator's.
double lateness_ns(const RoundRecord& round, bool worst) {
    const Histogram& slip = round.audit.slip_ns;
    const auto own = static_cast<double>(worst ? slip.max_ns() : slip.quantile_ns(0.99));
    return own + accesses_per_commit * static_cast<double>(round.audit.emulator_lateness_ns_p99);
}

// "journal FUA": that a stream is forced to stable media is half of what limits it.
std::string stream_text(const RoundRecord& round, const std::string& stream) {
    const auto found = std::find_if(round.streams.begin(),
                                    round.streams.end(),
                                    [&](const auto& one) { return one.name == stream; });
    const bool forced = found != round.streams.end() && found->operation.ends_with(" FUA");
    return forced ? stream + " FUA" : stream;
}

std::string name_of(const RoundRecord& round, const results::Metric& metric) {
    return metric.stream.empty()
               ? results::metric_text(metric)
               : fmt::format("{} {}",
                             stream_text(round, metric.stream),
                             metric.statistic.empty() ? results::metric_text(metric)
                                                      : metric.statistic);
}

std::string amount(double value, const std::string& unit) {
    constexpr double ns_per_ms = 1e6;
    return unit == "ns" ? fmt::format("{:.1f} ms", value / ns_per_ms)
                        : fmt::format("{:.6g}{}", value, unit);
}

// The round's own value; a percentile that it has too few samples for is taken over all the rounds
// together, and where even they have too few the round's worst stands for it. None: no sample, so
// nothing was exceeded.
std::optional<double>
value_of(Rounds rounds, const results::Metric& metric, std::uint64_t samples_above_min) {
    const auto quantile = results::metric_quantile(metric);
    if (!quantile) {
        return results::metric_value(*rounds.back(), metric);
    }
    const Histogram last = results::metric_histogram(*rounds.back(), metric);
    if (last.samples_above(*quantile) >= samples_above_min) { // Each round speaks for itself.
        return static_cast<double>(last.quantile_ns(*quantile));
    }
    Histogram all;
    for (const RoundRecord* round : rounds) {
        all.merge(results::metric_histogram(*round, metric));
    }
    if (all.count() > 0 && all.samples_above(*quantile) >= samples_above_min) {
        return static_cast<double>(all.quantile_ns(*quantile));
    }
    return last.count() > 0 ? std::optional(static_cast<double>(last.max_ns())) : std::nullopt;
}

struct Excess {
    RoundVote vote;
    double by = 0; // Times the bound.
};

// What is not durable yet has no delay of its own, but has waited so long already.
double waited_ns(const RoundRecord& round, const results::Metric& metric) {
    return metric.stream == "commit delay" && metric.statistic == "max"
               ? measure(round, "oldest_waiting_ns_at_most")
               : 0;
}

std::optional<Excess>
excess_of(Rounds rounds, const Limit& limit, std::uint64_t samples_above_min) {
    auto value = value_of(rounds, limit.metric, samples_above_min);
    if (const double waited = waited_ns(*rounds.back(), limit.metric); waited > 0) {
        value = std::max(value.value_or(0), waited);
    }
    if (!value || (limit.at_most ? *value <= limit.bound : *value >= limit.bound)) {
        return std::nullopt;
    }
    const std::string unit = results::metric_unit(limit.metric);
    Excess out;
    out.by = limit.bound > 0 ? *value / limit.bound : 2;
    out.by = limit.at_most ? out.by : 1 / std::max(out.by, 1e-9);
    out.vote.limiting = name_of(*rounds.back(), limit.metric);
    out.vote.reason = fmt::format(
        "{} of {} against {}", out.vote.limiting, amount(*value, unit), amount(limit.bound, unit));
    const bool may_be_bench =
        unit == "ns" && limit.at_most &&
        *value - lateness_ns(*rounds.back(), limit.metric.statistic == "max") <= limit.bound;
    out.vote.vote = may_be_bench ? Vote::unclear : Vote::failed;
    if (may_be_bench) {
        out.vote.reason += fmt::format(", of which the bench and the emulator may have caused {}",
                                       amount(lateness_ns(*rounds.back(), false), unit));
    }
    return out;
}

// Loss and backlog: they tell of seconds, so only a bench that was late by a good part of the
// buffer can have caused them.
std::optional<RoundVote> flood_of(const RoundRecord& round, const SustainedTerms& terms) {
    const bool may_be_bench =
        lateness_ns(round, false) > buffer_share_of_bench * terms.buffer_s * ns_per_s;
    const Vote vote = may_be_bench ? Vote::unclear : Vote::failed;
    const double lost = measure(round, "lost_pdus");
    if (lost > 0) {
        return RoundVote{vote,
                         "mediation buffer",
                         fmt::format("{:.0f} PDUs of {:.0f} targets lost: the mediation buffer "
                                     "overflowed",
                                     lost,
                                     measure(round, "lost_targets"))};
    }
    const double seconds =
        static_cast<double>(round.duration_ns + round.ramp_ns) / ns_per_s * readings_share;
    const double growth_bytes = measure(round, "backlog_trend_low_bytes_per_s") * seconds;
    if (growth_bytes > terms.growth_allowed_bytes_per_target * round.point_value) {
        return RoundVote{
            vote,
            "backlog",
            fmt::format("the backlog grew by at least {:.2f} MB in {:.0f} s: a larger buffer would "
                        "only have lost later",
                        growth_bytes / 1e6,
                        seconds)};
    }
    return std::nullopt;
}

// Where a commit's time went: the stream of its chain that took longest in all.
std::string slowest_of_commit(const RoundRecord& round) {
    const std::map<std::string, double> times{
        {"content ingest", 1}, {"content flush", 1}, {"journal", 2}};
    std::string out;
    double longest = 0;
    for (const results::StreamRecord& stream : round.streams) {
        const auto found = times.find(stream.name);
        const double took = found == times.end() ? 0 : found->second * stream.response_ns.mean_ns();
        if (took > longest) {
            longest = took;
            out = stream_text(round, stream.name);
        }
    }
    return out;
}

RoundVote judged(Rounds rounds, const SustainedTerms& terms) {
    const RoundRecord& round = *rounds.back();
    if (!round.ended.empty() && round.ended != "complete") {
        return {Vote::unclear, "", round.ended};
    }
    if (static_cast<double>(round.duration_ns) < buffers_min * terms.buffer_s * ns_per_s) {
        return {Vote::unclear,
                "",
                fmt::format("too short: less than five times the buffer of {} s", terms.buffer_s)};
    }
    std::optional<Excess> worst;
    for (const Limit& limit : terms.limits) {
        const auto excess = excess_of(rounds, limit, terms.samples_above_min);
        const bool clearer = excess && worst && excess->vote.vote != worst->vote.vote
                                 ? excess->vote.vote == Vote::failed
                                 : excess && (!worst || excess->by > worst->by);
        if (clearer) {
            worst = excess;
        }
    }
    if (worst && worst->vote.limiting.starts_with("commit delay")) {
        const std::string slowest = slowest_of_commit(round);
        worst->vote.limiting += slowest.empty() ? "" : " (" + slowest + ")";
        worst->vote.reason += slowest.empty() ? "" : ", most of it spent on " + slowest;
    }
    const auto flood = flood_of(round, terms);
    if (flood && (!worst || worst->vote.vote == Vote::unclear || measure(round, "lost_pdus") > 0)) {
        RoundVote out = *flood;
        if (worst) {
            out.reason += "; " + worst->vote.reason;
        }
        return out;
    }
    return worst ? worst->vote : RoundVote{};
}

} // namespace

RoundVote vote_of(Rounds rounds, const SustainedTerms& terms) {
    RoundVote out = judged(rounds, terms);
    if (!out.limiting.empty() && !terms.during.empty()) {
        out.limiting += " during " + terms.during;
    }
    return out;
}

} // namespace bench::judge
