// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"

#include "bench/campaign/capacity_question.h"
#include "bench/campaign/conclusion.h"
#include "bench/campaign/cross_check.h"
#include "bench/campaign/host_memory.h"
#include "bench/campaign/host_record.h"
#include "bench/campaign/integrity_account.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/knee.h"
#include "bench/campaign/round_runner.h"
#include "bench/campaign/self_test.h"
#include "bench/hosts/letter.h"
#include "drivers/api/errors.h"
#include "results/folder_files.h"
#include "results/manifest.h"
#include "results/part_file.h"
#include "results/record_error.h"
#include "results/round_end.h"
#include "results/run_record_file.h"
#include "results/sinks.h"
#include "results/whole_file.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

bool is_verified(const plan::Plan& plan) {
    return !plan.phases.empty() && plan.phases.back().kind == plan::PhaseKind::verify;
}

} // namespace

drivers::Duration planned_length(const plan::Plan& plan) {
    const auto rounds = static_cast<std::int64_t>(plan.rounds * plan.arrays.size() *
                                                  plan.workloads.size() * plan.points.size());
    drivers::Duration one = plan.ramp + plan.duration;
    if (is_verified(plan)) {
        one += plan.phases.back().duration;
    }
    return one * rounds;
}

Campaign::Campaign(plan::Plan plan,
                   RunFolder folder,
                   CampaignOptions options,
                   drivers::Clock& clock)
    : plan_(std::move(plan))
    , folder_(std::move(folder))
    , options_(std::move(options))
    , clock_(clock)
    , journal_(folder_.journal_path(), clock)
    , progress_(options_.progress, clock)
    , order_(order_rounds(plan_)) {}

results::RunRecord Campaign::run() {
    const Interruption guard;
    begin();
    try {
        run_in_lab();
    } catch (const drivers::ProtocolError& error) {
        record_.interrupted =
            results::end_text(results::broke_protocol_words,
                              left_out_.empty() ? std::string(error.what()) : who_was_left_out());
    } catch (const drivers::ArrayError& error) {
        record_.interrupted = fmt::format("array lost: {}", error.what());
    } catch (const drivers::HostError& error) {
        record_.interrupted = fmt::format("host: {}", error.what());
    } catch (const hosts::HostLost& error) {
        record_.interrupted = error.what();
    } catch (const drivers::SafetyError& error) {
        refused(error);
    } catch (const drivers::UsageError& error) {
        journal_.note("refused", {{"reason", error.what()}});
        throw;
    }
    note_end();
    if (egress_) {
        egress_->finish(folder_.path(), record_);
        join_earlier_egress(egress_before_, plan_, record_);
    }
    finish();
    return record_;
}

// Called while the refusal is handled.
void Campaign::refused(const drivers::SafetyError& error) {
    journal_.note("refused", {{"reason", error.what()}});
    if (!has_driven_arrays_) {
        throw;
    }
    record_.interrupted = results::end_text(results::refused_words, error.what());
}

void Campaign::begin() {
    record_.id = folder_.id();
    record_.plan_name = plan_.name;
    record_.plan_purpose = plan_.purpose;
    record_.plan_sha256 = folder_.plan_sha256();
    record_.seed = plan_.seed;
    record_.command = options_.command;
    record_.host = describe_host();
    if (options_.proves_itself) {
        record_.self_test = self_test_record(run_self_test()); // Of this very build.
    }
    read_journal();
    if (plan_.egress && earlier_.started_utc_ns != 0) {
        egress_before_ = read_earlier_egress(journal_.found(), folder_.path());
    }
    // What is there was true of an unfinished run only.
    results::remove_parts(folder_.path());
    results::remove_file_in(folder_.path(), "SHA256SUMS");
    results::write_file_in(folder_.path(), "host.json", host_text(record_.host));
    journal_.note(earlier_.started_utc_ns == 0 ? "run started" : "run resumed",
                  {{"plan_sha256", record_.plan_sha256},
                   {"seed", std::to_string(plan_.seed)},
                   {"rounds", std::to_string(order_.size())},
                   {"command", options_.command}});
    const auto utc = std::chrono::system_clock::now().time_since_epoch();
    record_.started_utc_ns = earlier_.started_utc_ns != 0 ? earlier_.started_utc_ns
                                                          : std::chrono::nanoseconds(utc).count();
}

void Campaign::read_journal() {
    for (const results::JournalEntry& entry : journal_.found()) {
        if (entry.kind == "run started") {
            earlier_.started_utc_ns = entry.at.realtime_ns;
        } else if (entry.kind == "run resumed") {
            earlier_.hosts.clear();
        } else if (entry.kind == "hosts met") {
            earlier_.hosts = entry.field("hosts");
        } else if (entry.kind == "round finished") {
            std::uint32_t index = 0;
            const std::string text = entry.field("index");
            std::from_chars(text.data(), text.data() + text.size(), index);
            earlier_.round_hashes[index] = entry.field("sha256");
        } else if (entry.kind == "knee") {
            earlier_.knees[knee_key(entry.field("array"), entry.field("workload"))] =
                std::strtod(entry.field("rate_per_s").c_str(), nullptr);
        } else if (entry.kind == arrays_used_note) {
            has_driven_arrays_ = true;
        }
    }
}

bool Campaign::is_done(std::uint32_t index, const std::string& array) const {
    const auto found = earlier_.round_hashes.find(index);
    if (found == earlier_.round_hashes.end()) {
        return false;
    }
    results::RoundRecord name;
    name.index = index;
    name.array = array;
    const std::string file = results::round_file_name(name);
    return results::is_there_in(folder_.path(), file) &&
           results::sha256_of_file_in(folder_.path(), file) == found->second;
}

drivers::Duration Campaign::round_length() const {
    return order_.empty() ? drivers::Duration(0)
                          : planned_length(plan_) / static_cast<std::int64_t>(order_.size());
}

drivers::Duration Campaign::length_left() const {
    drivers::Duration out = 0ns;
    for (const PlannedRound& planned : order_) {
        out += is_done(planned.index, plan_.arrays[planned.array].name) ? 0ns : round_length();
    }
    return out + capacity_length(plan_).likely;
}

void Campaign::run_in_lab() {
    progress_.expect(length_left() + (plan_.preconditioning
                                          ? 3s * static_cast<std::int64_t>(plan_.arrays.size())
                                          : 0s));
    progress_.begin("starting the arrays", 0s);
    Lab::Starter starter;
    if (plan_.egress) {
        egress_ = std::make_unique<EgressWatch>(
            plan_, options_.egress_hindrance, journal_, folder_.path());
        starter = [this](const plan::PlanArray& array) {
            return egress_->start(array);
        };
    }
    Lab lab(plan_,
            {options_.permission,
             starter,
             options_.lease_token.empty() ? new_lease_token() : options_.lease_token,
             options_.lease_part},
            journal_,
            clock_);
    progress_.end();
    record_.arrays = lab.records();
    check_known_memory(lab);
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan_)) {
        (void)lab.working_set_bytes(one); // That it fits, before anything is driven.
    }
    if (egress_) {
        egress_->plant(lab.arrays(), earlier_.started_utc_ns != 0);
    }
    meet_others(lab);
    RoundRunner runner(plan_, lab, journal_, clock_, options_.others);
    if (egress_) {
        runner.tell_phases([this](const std::string& array, const std::string& phase) {
            egress_->begin_phase_of(array, phase);
        });
    }
    if (plan_.capacity) {
        check_capacity_fits(lab);
    }
    has_driven_arrays_ = true;
    journal_.note(arrays_used_note);
    watch_quietly("quiet before", plan_.egress ? plan_.egress->before : 0s);
    precondition(lab, runner);
    recall_expectations(lab);
    run_rounds(lab, runner);
    run_spare_rounds(lab, runner);
    run_capacity(lab, runner);
    if (const std::string why = lab.lease_lost(); !why.empty()) {
        throw drivers::SafetyError(why);
    }
    watch_quietly("quiet after", plan_.egress ? plan_.egress->after : 0s);
    if (egress_) {
        egress_->stop(); // An array that is being ended says things that it would not say.
    }
    lab.save_expectations(folder_.path(), true);
    if (options_.others != nullptr) {
        options_.others->gather_expectations(folder_.path());
    }
    cross_check(lab);
    if (!left_out_.empty()) {
        record_.interrupted = results::end_text(results::broke_protocol_words, who_was_left_out());
    }
    journal_.note("arrays leave");
}

// How large the LUNs of real arrays are is known only now, and with it what must be remembered.
void Campaign::check_known_memory(const Lab& lab) const {
    std::map<std::string, std::uint64_t> capacities;
    for (const ArrayUnderTest& array : lab.arrays()) {
        if (!array.child) {
            capacities[array.planned->name] = array.capacity_bytes();
        }
    }
    if (!capacities.empty()) {
        check_memory(memory_needed(plan_, capacities), memory_available_bytes());
    }
}

void Campaign::watch_quietly(const char* phase, drivers::Duration span) {
    if (!egress_) {
        return;
    }
    egress_->begin_phase(phase);
    progress_.begin(fmt::format("watching the arrays without load, {}", phase), span);
    const drivers::TimePoint until = clock_.now() + span;
    while (!Interruption::raised() && clock_.now() < until) {
        clock_.sleep_until(std::min(until, clock_.now() + 100ms));
        progress_.now("");
    }
    progress_.end();
}

void Campaign::cross_check(Lab& lab) {
    if (!plan_.cross_check || Interruption::raised()) {
        return;
    }
    const auto rounds = results::read_rounds(folder_.path());
    record_.cross_checks.emplace();
    for (ArrayUnderTest& array : lab.arrays()) {
        with_array(array.planned->name, [&] {
            progress_.begin(fmt::format("cross-check of {} by fio", array.planned->name),
                            plan_.cross_check->duration);
            record_.cross_checks->push_back(
                cross_check_by_fio({plan_, lab, array}, rounds, clock_));
            progress_.end();
            const results::CrossCheckRecord& done = record_.cross_checks->back();
            journal_.note("cross-checked",
                          {{"array", array.planned->name},
                           {"tool", done.tool},
                           {"not_measured", done.not_measured}});
        });
    }
}

Campaign::RoundShown Campaign::shown_in(const std::string& before) {
    return [this, before](const results::IntervalRecord& interval) {
        constexpr double ns_per_s = 1e9;
        constexpr double ns_per_ms = 1e6;
        const double seconds = static_cast<double>(interval.length_ns) / ns_per_s;
        progress_.now(
            fmt::format("{}{:.0f}/s  p99 {:.2f} ms",
                        before,
                        seconds > 0 ? static_cast<double>(interval.completed) / seconds : 0,
                        static_cast<double>(interval.response_ns_p99) / ns_per_ms));
    };
}

void Campaign::keep_round(Lab& lab, const results::RoundRecord& round) {
    results::write_round(folder_.path(), round);
    lab.save_expectations(folder_.path(), false); // Of a run that goes on: later writes may follow.
    const bool whole = round.ended == results::complete_words;
    journal_.note(whole ? "round finished" : "round not finished",
                  {{"index", std::to_string(round.index)},
                   {"array", round.array},
                   {"ended", round.ended},
                   {"sha256", results::sha256_hex(results::round_text(round))}});
    progress_.end();
    heed_end(round.array, round);
}

void Campaign::finish() {
    const auto utc = std::chrono::system_clock::now().time_since_epoch();
    record_.finished_utc_ns = std::chrono::nanoseconds(utc).count();
    record_.rounds = results::read_rounds(folder_.path());
    record_.complete = record_.interrupted.empty();
    conclude(plan_, record_);
    results::write_result(folder_.path(), record_);
    results::write_file_in(folder_.path(), "integrity.json", integrity_text(plan_, record_));
    results::write_file_in(folder_.path(), "report.html", results::html_report(record_));
    results::write_file_in(folder_.path(), "report.md", results::markdown_report(record_));
    journal_.note("run ended",
                  {{"complete", record_.complete ? "yes" : "no"},
                   {"reason", record_.interrupted},
                   {"exit_code", std::to_string(record_.exit_code)}});
}

results::RunRecord run_campaign(const plan::Plan& plan,
                                const RunFolder& folder,
                                const CampaignOptions& options,
                                drivers::Clock& clock) {
    results::RunRecord out;
    std::exception_ptr refusal;
    bool leaves_something = true;
    {
        Campaign campaign(plan, folder, options, clock);
        try {
            out = campaign.run();
        } catch (const drivers::SafetyError&) {
            refusal = std::current_exception();
        } catch (const drivers::UsageError&) {
            refusal = std::current_exception();
        }
        leaves_something = campaign.has_driven_arrays();
    } // The journal is closed: from here on nothing changes.
    if (!refusal || leaves_something) {
        results::write_manifest(folder.path());
    } else {
        folder.discard();
    }
    if (refusal) {
        std::rethrow_exception(refusal);
    }
    return out;
}

} // namespace bench::campaign
