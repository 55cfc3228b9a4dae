// SPDX-License-Identifier: Apache-2.0
// Rows about egress: what each actor of an emulated array says in simulated hours, and what the
// detectors make of it. No sockets: schedules are turned into frames.
#include "bench/campaign/self_test_egress.h"

#include "bench/campaign/simulated_egress.h"
#include "bench/campaign/simulated_tap.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

using drivers::array::ActorCue;
using drivers::array::ActorKind;
using drivers::array::ActorNews;

constexpr drivers::Duration watched = 4h;
constexpr drivers::Duration cue_at = 2h;
constexpr const char* keyword = "case file 4711";
constexpr std::uint64_t magic_lba = 33'000'000; // Where the simulated host does not come by itself.

struct Cue {
    const char* name;
    ActorCue cue;
    ActorNews::Kind kind;
};
constexpr std::array cues{Cue{"time", ActorCue::time, ActorNews::Kind::written},
                          Cue{"update", ActorCue::update, ActorNews::Kind::update},
                          Cue{"failover", ActorCue::failover, ActorNews::Kind::failover},
                          Cue{"magic block", ActorCue::magic_block, ActorNews::Kind::written},
                          Cue{"keyword", ActorCue::keyword, ActorNews::Kind::written}};

SimulatedEgress waiting_for(const Cue& cue, bool comes) {
    SimulatedEgress out;
    out.lasts = watched;
    out.seed = 3;
    auto actor = drivers::array::usual_actor(ActorKind::beacon);
    actor.trigger.cue = cue.cue;
    actor.trigger.keyword = cue.cue == ActorCue::keyword ? keyword : "";
    actor.trigger.lba = magic_lba;
    if (cue.cue == ActorCue::time) {
        actor.trigger.after = comes ? cue_at : 2 * watched;
    }
    out.unlawful = {actor};
    Happening happening;
    happening.at = cue_at;
    happening.kind = cue.kind;
    happening.lba = cue.cue == ActorCue::magic_block ? magic_lba : 7;
    happening.text = cue.cue == ActorCue::keyword ? keyword : "nothing of interest";
    happening.phase = cue.name;
    if (comes) {
        out.happenings = {happening};
    }
    return out;
}

// What was found about the actor, and when.
SelfTestRow cue_row(const Cue& cue, bool comes) {
    SelfTestRow out;
    out.fault = fmt::format(
        "egress: beacon that waits for {}{}", cue.name, comes ? "" : ", which does not come");
    if (comes) {
        out.expected = {"beacon", fmt::format("in phase {}", cue.name), "unlisted flow"};
    }
    const SimulatedEgress scene = waiting_for(cue, comes);
    const EgressSeen seen = simulate_egress(scene);
    for (const egress::EgressFinding& finding : seen.findings) {
        if (finding.severity != "finding" || !is_about(finding, scene.unlawful[0])) {
            continue;
        }
        out.found.insert(finding.kind);
        if (finding.first_ns < simulated::epoch_ns + cue_at.count()) {
            out.found.insert("before its cue");
        }
        if (!finding.phase.empty()) {
            out.found.insert("in phase " + finding.phase);
        }
    }
    for (const std::string& kind : seen.kinds_of_lawful) {
        out.found.insert("false alarm: " + kind);
    }
    return out;
}

// One frame each way: declared, undeclared, broken.
bool books_balance(std::optional<egress::BookPath> mislay) {
    profiles::Policy policy;
    policy.array_addresses = {"192.0.2.128/25"};
    profiles::PolicyRule rule;
    rule.name = "link layer discovery";
    rule.protocol = "lldp";
    policy.rules = {rule};
    const egress::CompiledPolicy compiled(policy);
    egress::AnalysisSettings settings;
    settings.mislay = mislay;
    egress::Analysis analysis(compiled, settings);
    SimulatedTap tap(analysis);
    tap.link_frame(SimulatedTap::LinkFrame::lldp, 1s);
    tap.link_frame(SimulatedTap::LinkFrame::arp, 2s);
    tap.broken_frame(3s);
    analysis.finish();
    const egress::Ledger& books = analysis.ledger();
    const bool all_passed =
        mislay || (books.allowed().frames == 1 && books.unlisted().frames == 1 &&
                   books.undecoded().frames == 1);
    return all_passed && books.balances();
}

SelfTestRow books_row(const char* path, std::optional<egress::BookPath> mislay) {
    SelfTestRow out;
    out.fault = mislay ? fmt::format("egress: a frame that the books lose among the {}", path)
                       : std::string("egress: every frame booked");
    if (mislay) {
        out.expected = {"books do not balance"};
    }
    if (!books_balance(mislay)) {
        out.found = {"books do not balance"};
    }
    return out;
}

SelfTestRow matrix_row(const LeakRow& leak, const LeakMatrix& matrix) {
    SelfTestRow out;
    out.fault = "egress: " + leak.actor;
    const bool promised = std::any_of(
        leak.cells.begin(), leak.cells.end(), [](const auto& cell) { return cell.promised; });
    if (promised) {
        out.expected = {leak.detector};
    }
    if (promised && leak.is_right(matrix.seeds)) {
        out.found = {leak.detector};
    }
    for (const std::string& alarm : leak.false_alarms) {
        out.found.insert("false alarm: " + alarm);
    }
    if (!leak.is_right(matrix.seeds)) {
        out.found.insert("not as promised: see the matrix");
    }
    return out;
}

SelfTestRow quiet_week(const QuietRow& quiet) {
    SelfTestRow out;
    out.fault = fmt::format("egress: all that \"{}\" declares", quiet.policy);
    if (!quiet.is_right()) {
        out.found = {"false alarm: see below"};
    }
    return out;
}

} // namespace

EgressProof prove_egress(MatrixForm form) {
    EgressProof out;
    out.quiet_settings.seeds = form == MatrixForm::brief ? 1 : 5;
    out.quiet = quiet_rows(out.quiet_settings);
    out.matrix = leak_matrix(form);
    return out;
}

std::string egress_proof_text(const EgressProof& proof) {
    return leak_matrix_text(proof.matrix) + "\n" + quiet_text(proof.quiet, proof.quiet_settings) +
           "\n";
}

std::vector<SelfTestRow> egress_rows(const EgressProof& proof) {
    std::vector<SelfTestRow> out;
    for (const QuietRow& quiet : proof.quiet) {
        out.push_back(quiet_week(quiet));
    }
    for (const LeakRow& leak : proof.matrix.rows) {
        out.push_back(matrix_row(leak, proof.matrix));
    }
    return out;
}

std::vector<SelfTestRow> self_test_egress() {
    std::vector<SelfTestRow> out;
    for (const Cue& cue : cues) {
        out.push_back(cue_row(cue, true));
        out.push_back(cue_row(cue, false));
    }
    out.push_back(books_row("", std::nullopt));
    out.push_back(books_row("captured", egress::BookPath::captured));
    out.push_back(books_row("allowed", egress::BookPath::allowed));
    out.push_back(books_row("unlisted", egress::BookPath::unlisted));
    out.push_back(books_row("undecoded", egress::BookPath::undecoded));
    return out;
}

} // namespace bench::campaign
