// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_matrix.h"

#include "bench/campaign/simulated_egress.h"
#include "bench/egress/beacon.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bench::campaign {

using namespace std::chrono_literals;
using namespace drivers::array;

namespace {

constexpr std::uint64_t first_seed = 11;
constexpr double written_bytes_per_s = written_per_minute_bytes / 60.0;

double seconds_of(drivers::Duration time) {
    return std::chrono::duration<double>(time).count();
}

// The same actor leaking so much: by its period, or where it takes a share of what was written by
// that share.
ActorSettings at_rate(ActorSettings actor, double bytes_per_s) {
    if (actor.kind == ActorKind::hidden_in_call_home) {
        actor.ingest_share = bytes_per_s / written_bytes_per_s;
        return actor;
    }
    if (actor.kind == ActorKind::burst_after_ingest) {
        actor.ingest_share = bytes_per_s / (written_bytes_per_s / 2); // By coin: half the time.
        return actor;
    }
    const double size = actor.size_bytes == 0 ? 1.0 : static_cast<double>(actor.size_bytes);
    actor.period = std::chrono::duration_cast<drivers::Duration>(
        std::chrono::duration<double>(std::max(size / bytes_per_s, 0.01)));
    return actor;
}

// A tunnel asks the resolver that lawful questions go to: a note of that service alone is not of
// it.
bool is_of_the_resolver(const egress::EgressFinding& finding, const ActorSettings& actor) {
    return actor.kind == ActorKind::dns_tunnel &&
           finding.summary.find(actor.domain) == std::string::npos;
}

std::set<std::string> kinds_about(const EgressSeen& seen, const ActorSettings& actor, bool notes) {
    std::set<std::string> out;
    for (const egress::EgressFinding& finding : seen.findings) {
        if (is_about(finding, actor) && finding.severity == "finding") {
            out.insert(finding.kind);
        } else if (is_about(finding, actor) && notes && !is_of_the_resolver(finding, actor)) {
            out.insert(finding.kind + " (note)");
        }
    }
    return out;
}

// What the detector of a row says when it has seen the actor: a note where the flow is allowed.
bool says(const std::set<std::string>& kinds, const std::string& detector) {
    return kinds.count(detector) != 0 || kinds.count(detector + " (note)") != 0;
}

struct Trial {
    drivers::Duration watched{0};
    std::uint64_t seed = 0;
};

void hold(const LeakQuestion& question, const Trial& trial, LeakCell& cell, LeakRow& row) {
    const bool policy_sees = question.actor.kind != ActorKind::hidden_in_call_home;
    for (const bool rules_for_all : {false, true}) {
        SimulatedEgress scene;
        scene.lasts = trial.watched;
        scene.seed = trial.seed;
        scene.load_by_coin = true;
        scene.in_clear = question.actor.kind == ActorKind::canary_leak;
        scene.rules_for_all = rules_for_all;
        scene.unlawful = {at_rate(question.actor, cell.asked_bytes_per_s)};
        const EgressSeen seen = simulate_egress(scene);
        const auto kinds = kinds_about(seen, scene.unlawful[0], rules_for_all || !policy_sees);
        row.false_alarms.insert(seen.kinds_of_lawful.begin(), seen.kinds_of_lawful.end());
        if (!seen.books_balance) {
            row.false_alarms.insert("the books do not balance");
        }
        if (seen.unlawful_messages ==
            0) { // With this seed nothing was due: nothing is to be found.
            const auto found = kinds_about(seen, scene.unlawful[0], false);
            row.false_alarms.insert(found.begin(), found.end());
            continue;
        }
        if (rules_for_all) {
            cell.by_detectors.insert(kinds.begin(), kinds.end());
            cell.found_by_detectors += kinds.empty() ? 0U : 1U;
            continue;
        }
        cell.by_policy.insert(kinds.begin(), kinds.end());
        cell.found_by_policy += kinds.empty() ? 0U : 1U;
        cell.messages += seen.unlawful_messages;
        cell.leaked_bytes_per_s +=
            static_cast<double>(seen.unlawful_bytes) / seconds_of(trial.watched);
    }
}

double smallest(const LeakRow& row, std::size_t seeds, std::size_t LeakCell::*found) {
    double out = 0;
    for (const LeakCell& cell : row.cells) {
        if (cell.*found < seeds) {
            break;
        }
        out = cell.asked_bytes_per_s;
    }
    return out;
}

} // namespace

double LeakRow::smallest_by_policy(std::size_t seeds) const {
    return smallest(*this, seeds, &LeakCell::found_by_policy);
}

double LeakRow::smallest_by_detectors(std::size_t seeds) const {
    return smallest(*this, seeds, &LeakCell::found_by_detectors);
}

bool LeakRow::is_right(std::size_t seeds) const {
    return false_alarms.empty() && std::all_of(cells.begin(), cells.end(), [&](const auto& cell) {
               const bool silent = cell.messages == 0;
               return silent ? cell.by_policy.empty() && cell.by_detectors.empty()
                             : !cell.promised || (cell.found_by_detectors == seeds &&
                                                  says(cell.by_detectors, detector));
           });
}

bool LeakMatrix::is_right() const {
    return std::all_of(
        rows.begin(), rows.end(), [&](const LeakRow& row) { return row.is_right(seeds); });
}

LeakRow leak_row(const LeakQuestion& question, drivers::Duration watched, std::size_t seeds) {
    LeakRow out;
    out.actor = question.name;
    out.detector = question.detector;
    out.promised_bytes_per_s = question.promised_bytes_per_s;
    for (const double rate : question.rates_bytes_per_s) {
        LeakCell cell;
        cell.asked_bytes_per_s = rate;
        cell.promised = rate >= question.promised_bytes_per_s;
        for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
            hold(question, {watched, seed}, cell, out);
        }
        cell.leaked_bytes_per_s /= static_cast<double>(seeds);
        out.cells.push_back(std::move(cell));
    }
    return out;
}

namespace {

std::string cell_text(const LeakCell& cell, std::size_t seeds) {
    const auto kinds = [](const std::set<std::string>& names) {
        return names.empty() ? std::string("not found") : fmt::format("{}", fmt::join(names, ", "));
    };
    const auto often = [&](std::size_t found) {
        return seeds == 1 ? std::string() : fmt::format(" [{}/{}]", found, seeds);
    };
    if (cell.messages == 0) {
        return "nothing was sent";
    }
    return fmt::format("default deny: {}{} | detectors alone: {}{}{}",
                       kinds(cell.by_policy),
                       often(cell.found_by_policy),
                       kinds(cell.by_detectors),
                       often(cell.found_by_detectors),
                       cell.promised ? "" : "  (below what is promised)");
}

std::string rate_text(double bytes_per_s) {
    return bytes_per_s > 0 ? fmt::format("{:.3g} B/s", bytes_per_s) : "none";
}

} // namespace

std::string leak_matrix_text(const LeakMatrix& matrix) {
    std::string out = fmt::format(
        "Detection by leak rate: {:.3g} h simulated, {} seed{}; each actor under the array's own "
        "declaration, and where every flow is allowed\n",
        seconds_of(matrix.watched) / 3600,
        matrix.seeds,
        matrix.seeds == 1 ? "" : "s");
    for (const LeakRow& row : matrix.rows) {
        out += fmt::format("{}: {} promised from {} on; least found: {} by default deny, {} by "
                           "detectors alone  {}\n",
                           row.actor,
                           row.detector,
                           !std::isfinite(row.promised_bytes_per_s) ? std::string("no rate")
                           : row.promised_bytes_per_s > 0 ? rate_text(row.promised_bytes_per_s)
                                                          : std::string("any rate"),
                           rate_text(row.smallest_by_policy(matrix.seeds)),
                           rate_text(row.smallest_by_detectors(matrix.seeds)),
                           row.is_right(matrix.seeds) ? "right" : "WRONG");
        for (const LeakCell& cell : row.cells) {
            out += fmt::format("  {:>12} {:>8} messages  {}\n",
                               rate_text(cell.asked_bytes_per_s),
                               cell.messages,
                               cell_text(cell, matrix.seeds));
        }
        for (const std::string& alarm : row.false_alarms) {
            out += fmt::format("  FALSE ALARM: {}\n", alarm);
        }
    }
    return out;
}

} // namespace bench::campaign
