// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"

#include "results/capacity_words.h"
#include "results/metric.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace results {

namespace {

struct Tally {
    std::size_t all = 0;
    std::array<std::size_t, 4> of{}; // By Outcome.

    std::size_t count(Outcome outcome) const { return of.at(static_cast<std::size_t>(outcome)); }
};

Tally tally(const RunRecord& run, const std::string& array) {
    Tally out;
    for (const VerdictRecord& verdict : run.verdicts) {
        if (array.empty() || verdict.array == array) {
            out.all += 1;
            out.of.at(static_cast<std::size_t>(verdict.outcome)) += 1;
        }
    }
    return out;
}

// "A kept all 4 limits", "B failed 1 of 4 limits and kept 2, 1 not measured".
std::string limits_of(const std::string& array, const Tally& tally) {
    if (tally.all == 0) {
        return array + " was held against no limit";
    }
    const std::size_t failed = tally.count(Outcome::fail);
    const std::size_t kept = tally.count(Outcome::pass);
    const char* limits = tally.all == 1 ? "limit" : "limits";
    std::string out =
        failed > 0 ? fmt::format("{} failed {} of {} {}", array, failed, tally.all, limits)
        : kept == tally.all
            ? fmt::format(
                  "{} kept {}", array, kept == 1 ? "its limit" : fmt::format("all {} limits", kept))
            : fmt::format("{} kept {} of {} {}", array, kept, tally.all, limits);
    for (const Outcome open : {Outcome::inconclusive, Outcome::not_measured}) {
        if (tally.count(open) > 0) {
            out += fmt::format(", {} {}", tally.count(open), view::name_of(open));
        }
    }
    return out;
}

// "A sustains 340 targets (indicative)"; empty where the run did not ask.
std::string capacity_of(const RunRecord& run, const std::string& array) {
    for (const CapacityRecord& one : run.capacity) {
        if (one.array != array || !one.is_base) {
            continue;
        }
        if (!one.measured) {
            return array + " sustains a number of targets that was not measured";
        }
        const std::string note = one.indicative ? " (indicative)" : "";
        if (one.targets == 0) {
            return fmt::format(
                "{} does not sustain {:.0f} targets{}", array, one.offered_from, note);
        }
        return fmt::format("{} sustains {} targets{}", array, sustained_text(one), note);
    }
    return "";
}

// All that was said of an array, the number of targets first.
std::string clause_of(const RunRecord& run, const std::string& array) {
    const std::string capacity = capacity_of(run, array);
    const Tally held = tally(run, array);
    if (capacity.empty()) {
        return limits_of(array, held);
    }
    const std::string limits = limits_of(array, held).substr(array.size() + 1);
    return held.all == 0 ? capacity : capacity + " and " + limits;
}

// Which stream it was that gave way first.
void add_capacity(const RunRecord& run, Answer& out) {
    for (const CapacityRecord& one : run.capacity) {
        if (one.is_base && one.ended_by == "bench") {
            out.not_measured.push_back(fmt::format(
                "{}: whether it sustains more targets; the bench or the emulator gave out first.",
                one.array));
        } else if (one.is_base && one.measured && one.ended_by == "array") {
            out.remarks.push_back(fmt::format("{} does not hold {:.0f} targets: {}.",
                                              one.array,
                                              one.high.value_or(one.offered_from),
                                              one.reason));
        } else if (!one.measured) {
            out.not_measured.push_back(
                fmt::format("{}: targets sustained ({}).", one.array, one.variant));
        }
    }
    for (const std::string& array : view::array_names(run)) {
        std::string costs;
        for (const CapacityRecord& one : run.capacity) {
            const std::string cost = one.array == array ? cost_text(one) : "";
            costs += cost.empty() ? "" : (costs.empty() ? "" : "; ") + one.variant + " " + cost;
        }
        if (!costs.empty()) {
            out.remarks.push_back(fmt::format("On {}: {}.", array, costs));
        }
    }
}

std::string comparison_remark(const RunRecord& run, const ComparisonRecord& pair) {
    std::array<std::size_t, 4> words{};
    std::size_t all = 0;
    std::size_t unpaired = 0; // Without a valid pair of rounds.
    const std::string names = fmt::format("{} against {}", pair.candidate, pair.baseline);
    for (const ComparisonRecord& one : run.comparisons) {
        if (one.candidate != pair.candidate || one.baseline != pair.baseline) {
            continue;
        }
        if (one.primary && one.pairs == 0) {
            unpaired += 1;
        } else if (one.primary) {
            words.at(static_cast<std::size_t>(one.word)) += 1;
            all += 1;
        }
    }
    if (all == 0) {
        return unpaired == 0
                   ? ""
                   : fmt::format("{}: {} primary metrics have no valid pair of rounds: nothing "
                                 "is compared.",
                                 names,
                                 unpaired);
    }
    std::string out =
        fmt::format("{}, {} primary {}: ", names, all, all == 1 ? "metric" : "metrics");
    bool first = true;
    for (const Word word : {Word::better, Word::worse, Word::equivalent, Word::inconclusive}) {
        const std::size_t count = words.at(static_cast<std::size_t>(word));
        if (count > 0) {
            out += fmt::format("{}{} {}",
                               first ? "" : ", ",
                               view::name_of(word),
                               all == 1 ? std::string() : fmt::format("in {}", count));
            first = false;
        }
    }
    while (out.ends_with(' ')) {
        out.pop_back();
    }
    if (unpaired > 0) {
        out += fmt::format(", not measured in {}", unpaired);
    }
    return out + ".";
}

void add_findings(const RunRecord& run, Answer& out) {
    for (const char* area : {"integrity", "egress"}) {
        for (const std::string& array : view::array_names(run)) {
            const std::size_t count = view::count_findings(view::findings(run, area), array);
            if (count > 0) {
                out.remarks.push_back(fmt::format(
                    "{} {} {} on {}.", count, area, count == 1 ? "finding" : "findings", array));
            }
        }
    }
}

void add_open_limits(const RunRecord& run, const std::string& array, Answer& out) {
    constexpr std::size_t told_max = 2; // More would say again what stands beside the limits.
    const std::size_t open = tally(run, array).count(Outcome::not_measured);
    if (open > told_max) {
        out.not_measured.push_back(
            fmt::format("{}: {} limits, for the reasons given beside them.", array, open));
        return;
    }
    for (const VerdictRecord& verdict : run.verdicts) {
        if (verdict.array == array && verdict.outcome == Outcome::not_measured) {
            out.not_measured.push_back(
                fmt::format("{}, limit \"{}\". {}", array, verdict.limit, verdict.reason));
        }
    }
}

void add_not_measured(const RunRecord& run, Answer& out) {
    for (const std::string& array : view::array_names(run)) {
        add_open_limits(run, array, out);
    }
    if (std::any_of(run.rounds.begin(), run.rounds.end(), &is_imported)) {
        out.not_measured.emplace_back("What is imported: the wait before an access was sent; only "
                                      "the time from sending is known.");
    }
    if (run.integrity.empty()) {
        out.not_measured.emplace_back("Data integrity: nothing was read back and compared.");
    }
    if (run.egress.empty()) {
        out.not_measured.emplace_back(
            "What the arrays send out of their own ports: nothing was captured.");
    }
    for (const ArrayRecord& array : run.arrays) {
        std::string names;
        for (const PortRecord& port : array.ports) {
            if (port.watched_by.empty()) {
                names += (names.empty() ? "" : ", ") + port.name;
            }
        }
        if (!names.empty() && !run.egress.empty()) {
            out.not_measured.push_back(fmt::format(
                "Traffic at these ports of {} was not watched: {}.", array.name, names));
        }
    }
}

Outcome worst(const RunRecord& run) {
    const Tally all = tally(run, "");
    const std::size_t found = view::count_findings(view::findings(run, "integrity"), "") +
                              view::count_findings(view::findings(run, "egress"), "");
    bool counted = true; // Every array's targets, where the run asked for them.
    for (const CapacityRecord& one : run.capacity) {
        counted = counted && (!one.is_base || one.measured);
        if (one.is_base && one.measured && one.targets == 0) {
            return Outcome::fail;
        }
    }
    if (all.count(Outcome::fail) > 0 || found > 0) {
        return Outcome::fail;
    }
    if (!run.complete || !counted || (all.all == 0 && run.capacity.empty()) ||
        all.count(Outcome::not_measured) > 0) {
        return Outcome::not_measured;
    }
    return all.count(Outcome::inconclusive) > 0 ? Outcome::inconclusive : Outcome::pass;
}

} // namespace

Answer answer(const RunRecord& run) {
    Answer out;
    out.outcome = worst(run);
    for (const std::string& array : view::array_names(run)) {
        const std::size_t found = view::count_findings(view::findings(run, "integrity"), array) +
                                  view::count_findings(view::findings(run, "egress"), array);
        out.clauses.push_back(
            clause_of(run, array) +
            (found == 0 ? "" : fmt::format(", {} {}", found, found == 1 ? "finding" : "findings")));
        out.sentence += (out.sentence.empty() ? "" : "; ") + out.clauses.back();
    }
    if (out.clauses.empty()) {
        out.clauses.emplace_back("No array was measured");
        out.sentence = out.clauses.back();
    }
    out.sentence += ".";
    if (!run.complete) {
        out.remarks.push_back("This run is incomplete" +
                              (run.interrupted.empty() ? "" : ": " + run.interrupted) + ".");
    }
    for (const ComparisonRecord* pair : view::pairs_compared(run)) {
        const std::string compared = comparison_remark(run, *pair);
        if (!compared.empty()) {
            out.remarks.push_back(compared);
        }
    }
    add_capacity(run, out);
    add_findings(run, out);
    const auto invalid = static_cast<std::size_t>(
        std::count_if(run.rounds.begin(), run.rounds.end(), [](const auto& one) {
            return !view::is_valid(one) && !view::is_capacity({one.workload, one.point, 0});
        }));
    const auto searched = static_cast<std::size_t>(
        std::count_if(run.rounds.begin(), run.rounds.end(), [](const auto& one) {
            return view::is_capacity({one.workload, one.point, 0});
        }));
    if (invalid > 0) {
        out.remarks.push_back(
            fmt::format("{} of {} rounds {} invalid and left out of every number here.",
                        invalid,
                        run.rounds.size() - searched,
                        invalid == 1 ? "is" : "are"));
    }
    add_not_measured(run, out);
    return out;
}

std::string value_against_bound(const VerdictRecord& verdict) {
    if (verdict.outcome == Outcome::not_measured) {
        return "not measured";
    }
    std::string out = text::with_unit(verdict.value, verdict.unit);
    if (verdict.low && verdict.high) {
        out += fmt::format(" ({} to {})",
                           text::with_unit(*verdict.low, verdict.unit),
                           text::with_unit(*verdict.high, verdict.unit));
    }
    return out + " against " + text::with_unit(verdict.bound, verdict.unit);
}

std::string change_with_interval(const ComparisonRecord& comparison) {
    if (comparison.pairs == 0) {
        return "not measured: no valid pair of rounds";
    }
    return fmt::format("{} ({})",
                       text::change(comparison.ratio),
                       text::change_range(comparison.low, comparison.high));
}

} // namespace results
