// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"
#include "results/html_sections.h"
#include "results/metric.h"
#include "results/text/human.h"
#include "results/view.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace results::html {

namespace {

// One reason, of as many rounds as gave it; their numbers differ.
struct Reason {
    std::string example;
    std::size_t rounds = 0;
};

std::string without_numbers(const std::string& text) {
    std::string out;
    for (const char one : text) {
        if (one < '0' || one > '9') {
            out += one;
        }
    }
    return out;
}

struct Pooled {
    Histogram slip_ns;
    double offered_per_s = 0;
    double lane_cpu = 0; // The busiest round's.
    double host_cpu = 0;
    std::uint64_t lateness_ns = 0;
    std::uint64_t service_ns = 0;
    std::size_t valid = 0;
    std::map<std::string, Reason> reasons; // By their text without numbers.
};

Pooled pooled(const view::Rounds& rounds) {
    Pooled out;
    for (const RoundRecord* round : rounds) {
        const AuditRecord& audit = round->audit;
        out.slip_ns.merge(audit.slip_ns);
        out.offered_per_s = audit.offered_per_s;
        out.lane_cpu = std::max(out.lane_cpu, audit.lane_cpu_fraction);
        out.host_cpu = std::max(out.host_cpu, audit.host_cpu_fraction);
        out.lateness_ns = std::max(out.lateness_ns, audit.emulator_lateness_ns_p99);
        out.service_ns = std::max(out.service_ns, audit.emulator_service_ns_p50);
        out.valid += view::is_valid(*round) ? 1U : 0U;
        std::vector<std::string> reasons = audit.invalid;
        if (!round->ended.empty() && round->ended != "complete") {
            reasons.push_back("ended: " + round->ended);
        }
        for (const std::string& reason : reasons) {
            Reason& known = out.reasons[without_numbers(reason)];
            known.example = known.rounds == 0 ? reason : known.example;
            ++known.rounds;
        }
    }
    return out;
}

std::string achieved(const view::Rounds& rounds, double offered_per_s) {
    const double rate = view::mean_achieved_per_s(rounds);
    if (offered_per_s <= 0 || rate >= 0.99 * offered_per_s) {
        return text::per_second(rate);
    }
    return fmt::format("<strong>{}</strong> <span class=\"small\">({} of offered)</span>",
                       text::per_second(rate),
                       text::percent(rate / offered_per_s));
}

void add_row(Table& table,
             const RunRecord& run,
             const std::string& array,
             const view::Rounds& rounds) {
    constexpr const char* unknown = "\xE2\x80\x93";
    const Pooled all = pooled(rounds);
    const bool sound = all.valid == rounds.size();
    const bool imported = std::any_of(
        rounds.begin(), rounds.end(), [](const RoundRecord* round) { return is_imported(*round); });
    const std::string offered =
        all.offered_per_s > 0 ? text::per_second(all.offered_per_s) : "closed loop";
    table.row({key(view::slot(run, array), array),
               imported ? "not known, imported" : offered,
               achieved(rounds, all.offered_per_s),
               all.slip_ns.count() > 0
                   ? text::duration(static_cast<double>(all.slip_ns.quantile_ns(0.99)))
                   : unknown,
               imported ? unknown : text::percent(all.lane_cpu, 2),
               imported ? unknown : text::percent(all.host_cpu, 2),
               all.lateness_ns > 0 ? text::duration(static_cast<double>(all.lateness_ns)) : unknown,
               fmt::format("{} of {}", all.valid, rounds.size())},
              sound ? "" : "invalid");
    for (const auto& [kind, reason] : all.reasons) {
        table.wide(fmt::format("<strong>Invalid{}:</strong> {}",
                               reason.rounds > 1
                                   ? fmt::format(", {} rounds, the first", reason.rounds)
                                   : "",
                               said(reason.example)),
                   "why");
    }
}

} // namespace

std::string audit_section(const RunRecord& run) {
    if (run.rounds.empty()) {
        return "";
    }
    const auto invalid = std::count_if(run.rounds.begin(), run.rounds.end(), [](const auto& round) {
        return !view::is_valid(round);
    });
    std::string body;
    if (invalid > 0) {
        body +=
            fmt::format("<p class=\"alarm-box\"><strong>{} of {} rounds {} invalid.</strong> There "
                        "the bench, not the array, was the limit, or the round did not finish. "
                        "They are in the raw data and in no number of this report.</p>\n",
                        invalid,
                        run.rounds.size(),
                        invalid == 1 ? "is" : "are");
    }
    Table table({"Load and array",
                 "Offered",
                 "Achieved",
                 "Slip P99",
                 "Busiest lane",
                 "Host CPU",
                 "Emulator late P99",
                 "Valid rounds"});
    for (const view::Load& load : view::loads(run)) {
        table.wide("<strong>" + said(view::name_of(load)) + "</strong>", "stream");
        for (const std::string& array : view::array_names(run)) {
            const auto rounds = view::rounds_at(run, array, load);
            if (!rounds.empty()) {
                add_row(table, run, array, rounds);
            }
        }
    }
    return section(
        {"audit",
         "Was the load real?",
         "Before an array is blamed: did the bench offer what it was asked to, on time? "
         "Slip is how late the bench got round to an access. A point is invalid where the "
         "bench or the emulator, and not the array, set the pace.",
         view::any_emulated(run)},
        body + table.html() + host_tables(run) + cross_check_tables(run));
}

} // namespace results::html
