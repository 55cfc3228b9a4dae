// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/handover.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/watch_service.h"
#include "bench/cli/command.h"
#include "bench/cli/egress_options.h"
#include "bench/cli/outputs.h"
#include "bench/cli/say.h"
#include "bench/egress/canary_search.h"
#include "bench/egress/sinks.h"
#include "bench/egress/stimulus_file.h"
#include "bench/egress/zeek_log_file.h"
#include "drivers/api/errors.h"
#include "drivers/capture/pcap_source.h"
#include "drivers/confine/confined_child.h"
#include "profiles/policy_file.h"
#include "profiles/units.h"
#include "results/whole_file.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace bench::cli {

int egress_command(const Arguments& arguments);

namespace {

using campaign::Handover;
using Options = EgressOptions;

constexpr std::size_t dns_log_max = 1'000'000;

std::vector<std::pair<std::string, std::string>>
exported_files(const std::string& folder, const egress::EgressReport& report) {
    std::vector<std::pair<std::string, std::string>> out{
        {folder + "/conn.log", egress::zeek_conn_log(*report.analysis)},
        {folder + "/dns.log", egress::zeek_dns_log(*report.analysis)},
        {folder + "/eve.json", egress::eve_json(report)}};
    std::size_t number = 0;
    for (const egress::EgressFinding& finding : report.findings) {
        const bool frames = finding.kind == "undecoded frames";
        const auto& evidence =
            frames ? report.analysis->undecoded_evidence() : report.analysis->evidence(finding.key);
        if (!evidence.empty()) {
            out.emplace_back(fmt::format("{}/finding-{:04}.pcap", folder, ++number),
                             egress::pcap_file(evidence));
        }
    }
    return out;
}

std::unique_ptr<drivers::capture::PcapSource> open_source(const Options& options) {
    if (!options.interface.empty()) {
        drivers::capture::LiveSettings settings;
        settings.interface = options.interface;
        return drivers::capture::PcapSource::open_live(settings);
    }
    return drivers::capture::PcapSource::open_file(options.file);
}

void read_all(const Options& options,
              drivers::capture::PcapSource& source,
              egress::Analysis& analysis) {
    using Steady = std::chrono::steady_clock;
    const bool live = !options.interface.empty();
    auto end = Steady::time_point::max();
    if (!options.duration.empty()) {
        const auto duration = profiles::parse_duration(options.duration);
        if (!duration) {
            throw drivers::UsageError(fmt::format(
                "egress: --duration {}: wanted a time with a unit, like 60s", options.duration));
        }
        end = Steady::now() + *duration;
    }
    std::optional<campaign::Interruption> guard;
    if (live) {
        guard.emplace();
    }
    drivers::Frame frame;
    for (auto state = drivers::Next::idle;
         state != drivers::Next::end && !(live && campaign::Interruption::raised());) {
        state = source.next(
            frame, live ? Steady::now() + std::chrono::milliseconds(100) : Steady::time_point{});
        if (state == drivers::Next::frame) {
            analysis.frame(frame);
        }
        if (live && Steady::now() >= end) {
            break;
        }
    }
    analysis.finish();
}

// What the user says of the evidence.
struct Input {
    egress::CompiledPolicy policy;
    std::optional<egress::Journal> journal;
    std::optional<integrity::CanaryKeyFile> canary_key;

    explicit Input(const Options& options)
        : policy(options.policy.empty() ? profiles::Policy{}
                                        : profiles::read_policy(options.policy)) {
        if (!options.journal.empty()) {
            journal = egress::read_journal(options.journal);
        }
        if (!options.canary_key.empty()) {
            canary_key = integrity::read_canary_key(options.canary_key);
        }
    }
};

// What is to be read, open: what reads it can open nothing any more.
struct Evidence {
    std::unique_ptr<drivers::capture::PcapSource> source; // None: logs.
    std::ifstream connections;
    std::ifstream questions;

    explicit Evidence(const Options& options) {
        const bool logs = options.interface.empty() &&
                          (options.file.empty() || egress::looks_like_zeek(options.file));
        if (!logs && !options.dns_log.empty()) {
            throw drivers::UsageError("egress: --dns-log stands beside a conn.log, not a capture");
        }
        if (logs && !options.canary_key.empty()) {
            throw drivers::UsageError("egress: --canary-key: logs have no contents to search");
        }
        if (!logs) {
            source = open_source(options);
            return;
        }
        open_log(options.file, connections);
        open_log(options.dns_log, questions);
    }

private:
    static void open_log(const std::string& path, std::ifstream& out) {
        if (!path.empty()) {
            out = egress::open_zeek_log(path);
        }
    }
};

void read_logs(Evidence& evidence, egress::Analysis& analysis, egress::EgressReport& report) {
    const auto counts =
        egress::read_zeek(evidence.connections.is_open() ? &evidence.connections : nullptr,
                          evidence.questions.is_open() ? &evidence.questions : nullptr,
                          analysis);
    analysis.finish();
    report.notes.push_back(fmt::format(
        "{} connections and {} DNS questions as Zeek recorded them: without frames nothing is said "
        "of contents, bursts inside connections, ICMP data, header fields or single frames' sizes",
        counts.connections,
        counts.questions));
    if (counts.bad_lines + counts.left_out > 0) {
        report.not_measured.push_back(
            fmt::format("{} lines of the logs could not be read, {} more were too many",
                        counts.bad_lines,
                        counts.left_out));
    }
}

void read_evidence(const Options& options,
                   Evidence& evidence,
                   egress::Analysis& analysis,
                   egress::EgressReport& report) {
    if (!evidence.source) {
        read_logs(evidence, analysis, report);
        return;
    }
    read_all(options, *evidence.source, analysis);
    report.dropped = evidence.source->counts().dropped;
    report.ended_early = evidence.source->ended_early();
    if (!options.interface.empty()) {
        report.notes.push_back(fmt::format(
            "{} frames dropped, as the kernel counts: what a mirror left out before it is not "
            "known without marker frames, which only a run sends",
            report.dropped));
    }
}

// Search and positive control; nothing without a key.
struct Canaries {
    explicit Canaries(const std::optional<integrity::CanaryKeyFile>& key) {
        if (key) {
            control = egress::run_canary_control(*key);
            search.emplace(*key);
        }
    }

    void report(const egress::Analysis& analysis, egress::EgressReport& out) {
        if (!search) {
            return;
        }
        search->finish();
        std::vector<egress::EgressFinding> found;
        egress::find_canaries(*search, analysis, found);
        out.findings.insert(out.findings.begin(), found.begin(), found.end());
        out.canary_lines = egress::canary_lines(*search, analysis);
        out.canary_lines.push_back(fmt::format(
            "Canaries, positive control: {} of {} planted samples found ({:.4g} %).",
            control.found,
            control.planted,
            100.0 * static_cast<double>(control.found) / static_cast<double>(control.planted)));
        for (const std::string& missed : control.missed) {
            out.not_measured.push_back("the canary search missed its own sample: " + missed);
        }
    }

    std::optional<egress::CanarySearch> search;
    egress::CanaryControl control;
};

void say_what_was_not_measured(egress::EgressReport& report) {
    if (report.dropped > 0) {
        report.not_measured.push_back(
            fmt::format("{} frames were dropped before they could be read", report.dropped));
    }
    if (!report.ended_early.empty()) {
        report.not_measured.push_back("the capture ends early: " + report.ended_early);
    }
    if (!report.analysis->ledger().balances()) {
        report.not_measured.push_back("the books do not balance");
    }
}

// All that is made of the evidence, in memory: for a process that can open nothing.
Handover analysed(const Options& options, const Input& input, Evidence& evidence) {
    egress::AnalysisSettings settings;
    settings.flows_max = options.flows_max;
    settings.dns_log_max = options.export_folder.empty() ? 0 : dns_log_max;
    std::optional<egress::StimulusWatch> stimuli;
    if (input.journal) {
        settings.phases = input.journal->phases;
        stimuli.emplace(input.journal->stimuli, egress::StimulusSettings{});
        settings.packets = &*stimuli;
    }
    Canaries canaries(input.canary_key);
    settings.content = canaries.search ? &*canaries.search : nullptr;
    egress::Analysis analysis(input.policy, settings);
    egress::EgressReport report;
    read_evidence(options, evidence, analysis, report);
    report.source = !options.interface.empty() ? options.interface
                    : options.file.empty()     ? options.dns_log
                                               : options.file;
    report.policy =
        options.policy.empty() ? "none: everything is unlisted" : input.policy.policy().name;
    report.analysis = &analysis;
    const egress::DetectorSettings detectors;
    report.findings = egress::draw_findings(analysis, detectors);
    report.detectable = egress::detectable(analysis, detectors);
    if (stimuli) {
        stimuli->find(analysis, report.findings);
        const auto could = stimuli->detectable();
        report.detectable.insert(report.detectable.end(), could.begin(), could.end());
    }
    canaries.report(analysis, report);
    say_what_was_not_measured(report);
    Handover out;
    out.text = options.format == "json"   ? egress::json_report(report)
               : options.format == "html" ? egress::html_egress_report(report)
                                          : egress::text_report(report);
    if (!options.draft.empty()) {
        out.files.emplace_back(
            options.draft,
            profiles::policy_json(
                egress::draft_policy(*report.analysis, "draft from " + report.source),
                "A draft: every rule says only that such a flow was seen. Check each."));
    }
    if (!options.export_folder.empty()) {
        auto exported = exported_files(options.export_folder, report);
        std::move(exported.begin(), exported.end(), std::back_inserter(out.files));
    }
    out.exit_code = report.has_findings() ? 1 : report.not_measured.empty() ? 0 : 7;
    return out;
}

void write_files(const Options& options, const Handover& handover) {
    std::error_code error;
    if (!options.export_folder.empty()) {
        std::filesystem::create_directories(options.export_folder, error);
    }
    if (error) {
        throw drivers::HostError(
            fmt::format("{}: cannot be made: {}", options.export_folder, error.message()));
    }
    for (const auto& [path, content] : handover.files) {
        results::write_whole_file(path, content);
    }
}

} // namespace

int egress_command(const Arguments& arguments) {
    const Options options = egress_options(arguments);
    if (options.help) {
        return 0;
    }
    if (!options.make_canary_key.empty()) {
        integrity::write_new_canary_key(options.make_canary_key);
        return 0;
    }
    if (options.control >= 0) {
        campaign::serve_watch(options.control);
    }
    check_output_file("draft-policy", options.draft);
    check_output_folder("export", options.export_folder);
    const Input input(options);
    Evidence evidence(options);
    (void)results::sha256_hex(""); // OpenSSL reads its own files at its first use: now.
    const auto answer = drivers::confine::in_confined_child(
        [&] { return campaign::handover_bytes(analysed(options, input, evidence)); });
    const Handover handover =
        campaign::handover_from(answer.bytes, {options.draft}, options.export_folder);
    say("{}", handover.text);
    write_files(options, handover);
    return handover.exit_code;
}

} // namespace bench::cli
