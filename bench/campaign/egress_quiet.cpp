// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_quiet.h"

#include "bench/campaign/declared_traffic.h"
#include "bench/campaign/shipped_policies.h"
#include "bench/campaign/simulated_egress.h"
#include "bench/egress/findings.h"
#include "profiles/policy_file.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr drivers::Duration sham_slot = 10min;
constexpr std::size_t listed_max = 1000;

void stray(SimulatedTap& tap, drivers::Duration at) {
    drivers::array::ActorMessage message;
    message.due = at;
    message.remote = simulated::far_away;
    message.port = 9;
    message.payload.resize(1);
    tap.carry(message);
}

void play(const QuietSettings& settings, DeclaredTraffic& traffic, SimulatedTap& tap) {
    bool strayed = !settings.stray_frame;
    while (traffic.next_due() < settings.lasts) {
        if (!strayed && traffic.next_due() >= settings.lasts / 2) {
            strayed = true;
            stray(tap, traffic.next_due());
        }
        traffic.speak(tap);
    }
    if (!strayed) {
        stray(tap, settings.lasts / 2);
    }
}

void keep(std::vector<std::string>& list, const egress::EgressFinding& finding) {
    if (list.size() < listed_max) {
        list.push_back(finding.kind + ": " + finding.summary);
    }
}

void sort_findings(const std::vector<egress::EgressFinding>& findings,
                   const DeclaredTraffic& traffic,
                   QuietRow& out,
                   std::size_t& periodic) {
    for (const egress::EgressFinding& finding : findings) {
        if (finding.severity == "finding") {
            keep(out.alarms, finding);
        } else if (finding.kind == "period not declared") {
            const auto rule = finding.details.find("rule");
            if (rule != finding.details.end() && traffic.is_memoryless(rule->second)) {
                keep(out.false_notes, finding);
            } else {
                ++periodic;
            }
        } else {
            keep(out.false_notes, finding);
        }
    }
}

// A Poisson variable of this mean is larger once in ten thousand.
std::size_t chance_limit(double mean) {
    constexpr double rare = 1e-4;
    double term = std::exp(-mean);
    double above = 1 - term;
    std::size_t out = 0;
    while (above > rare) {
        ++out;
        term *= mean / static_cast<double>(out);
        above -= term;
    }
    return out;
}

} // namespace

bool QuietRow::is_right() const {
    return alarms.empty() && false_notes.size() <= chance_limit(notes_expected) &&
           sham_answers.size() <= chance_limit(sham_expected);
}

QuietRow quiet_row(const profiles::Policy& policy, const QuietSettings& settings) {
    QuietRow out;
    out.policy = policy.name;
    out.seeds = settings.seeds;
    const egress::DetectorSettings detectors;
    for (std::uint64_t seed = 1; seed <= settings.seeds; ++seed) {
        const egress::CompiledPolicy compiled(policy);
        egress::StimulusWatch stimuli({stimulus_by_coin("sham", sham_slot, settings.lasts, seed)},
                                      {.seed = seed});
        egress::AnalysisSettings analysing;
        analysing.evidence_bytes_max = 0;
        analysing.packets = &stimuli;
        egress::Analysis analysis(compiled, analysing);
        SimulatedTap tap(analysis);
        DeclaredTraffic traffic(policy, seed);
        play(settings, traffic, tap);
        analysis.finish();
        std::size_t periodic = 0;
        sort_findings(egress::draw_findings(analysis, detectors), traffic, out, periodic);
        std::vector<egress::EgressFinding> answers;
        stimuli.find(analysis, answers);
        for (const egress::EgressFinding& answer : answers) {
            keep(out.sham_answers, answer);
        }
        const auto family = egress::beacon_family(analysis);
        out.frames += tap.frames();
        out.hypotheses += family.hypotheses;
        out.periodic += periodic;
        out.groups += stimuli.group_count();
        if (family.hypotheses > 0) { // Benjamini and Hochberg (1995), theorem 1
            const auto all = static_cast<double>(family.hypotheses);
            const double null_share = (all - static_cast<double>(periodic)) / all;
            out.notes_expected += detectors.false_discovery_rate * null_share *
                                  std::max(1.0, static_cast<double>(periodic));
        }
        out.sham_expected += stimuli.group_count() > 0 ? detectors.false_discovery_rate : 0.0;
        if (!analysis.ledger().balances()) {
            out.alarms.emplace_back("the books do not balance");
        }
    }
    return out;
}

std::vector<QuietRow> quiet_rows(const QuietSettings& settings) {
    std::vector<QuietRow> out;
    for (const ShippedPolicy& shipped : shipped_policies()) {
        out.push_back(
            quiet_row(profiles::parse_policy(shipped.text, std::string(shipped.name)), settings));
        out.back().policy = shipped.name;
    }
    return out;
}

std::string quiet_text(const std::vector<QuietRow>& rows, const QuietSettings& settings) {
    std::string out = fmt::format("No false alarm: {:.3g} days of what each shipped policy "
                                  "declares, {} seed{}; certain rules "
                                  "expect 0 alarms, statistical ones at most what their rates "
                                  "say\n{:<22} {:>9} {:>16} {:>26} "
                                  "{:>28}\n",
                                  std::chrono::duration<double>(settings.lasts).count() / 86400,
                                  settings.seeds,
                                  settings.seeds == 1 ? "" : "s",
                                  "policy",
                                  "frames",
                                  "alarms (of 0)",
                                  "false periods (at most)",
                                  "answers to a sham (at most)");
    double notes = 0;
    double shams = 0;
    for (const QuietRow& row : rows) {
        out += fmt::format(
            "{:<22} {:>9} {:>16} {:>26} {:>28}  {}\n",
            row.policy,
            row.frames,
            row.alarms.size(),
            fmt::format(
                "{} ({:.2g} of {})", row.false_notes.size(), row.notes_expected, row.hypotheses),
            fmt::format(
                "{} ({:.2g} of {})", row.sham_answers.size(), row.sham_expected, row.groups),
            row.is_right() ? "right" : "WRONG");
        for (const auto* list : {&row.alarms, &row.false_notes, &row.sham_answers}) {
            for (const std::string& one : *list) {
                out += "    " + one + "\n";
            }
        }
        notes += row.notes_expected;
        shams += row.sham_expected;
    }
    return out +
           fmt::format("expected in all, at most: 0 alarms, {:.2g} false periods, {:.2g} answers "
                       "to a sham\n",
                       notes,
                       shams);
}

} // namespace bench::campaign
