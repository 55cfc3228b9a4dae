// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/interruption.h"
#include "bench/cli/command.h"
#include "bench/cli/outputs.h"
#include "bench/cli/say.h"
#include "bench/egress/canary_search.h"
#include "bench/egress/sinks.h"
#include "bench/egress/stimulus_file.h"
#include "bench/egress/zeek_log_file.h"
#include "drivers/api/errors.h"
#include "drivers/capture/pcap_source.h"
#include "profiles/policy_file.h"
#include "profiles/units.h"

#include <boost/program_options.hpp>

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sstream>

namespace bench::cli {

namespace po = boost::program_options;

int egress_command(const Arguments& arguments);

namespace {

constexpr const char* usage =
    R"(usage: arraybench egress CAPTURE | -i INTERFACE [--policy POLICY.json] [OPTION]...

Says who talked to whom in a capture (pcap, pcapng) or on a live interface, which of it the policy allows, what the
detectors make of it, and what this capture could not have shown. Without a policy everything is unlisted.
In place of a capture it reads Zeek's conn.log (and dns.log), tab-separated or JSON lines.

example: arraybench egress lab.pcap --policy profiles/policies/linux-lio.json --format json
         arraybench egress conn.log --dns-log dns.log --policy profiles/policies/linux-lio.json

)";

constexpr std::size_t dns_log_max = 1'000'000;

struct Options {
    std::string file;
    std::string interface;
    std::string policy;
    std::string format = "text";
    std::string draft;
    std::string export_folder;
    std::string duration;
    std::string dns_log;
    std::string journal;
    std::string canary_key;
    std::string make_canary_key;
    std::size_t flows_max = 1'000'000;
    bool help = false;
};

po::options_description describe(Options& options) {
    po::options_description all("options");
    auto add = all.add_options();
    add("help,h", po::bool_switch(&options.help), "this help");
    add("interface,i",
        po::value(&options.interface),
        "capture live on this interface until SIGINT, SIGHUP or --duration");
    add("duration", po::value(&options.duration), "end a live capture after this time, like 60s");
    add("policy", po::value(&options.policy), "what is declared; all else is a finding");
    add("format", po::value(&options.format), "text, json or html");
    add("draft-policy",
        po::value(&options.draft),
        "write a policy that allows what was seen to this file, for a person to edit");
    add("export",
        po::value(&options.export_folder),
        "write conn.log, dns.log, eve.json and a cut-out pcap per finding into this folder");
    add("dns-log",
        po::value(&options.dns_log),
        "Zeek's dns.log beside the conn.log that is given in place of a capture");
    add("journal",
        po::value(&options.journal),
        "when phases began and stimuli came: the traffic's answers to them are tested");
    add("canary-key",
        po::value(&options.canary_key),
        "look for the canaries that a run planted under this key, in every encoding known");
    add("make-canary-key",
        po::value(&options.make_canary_key),
        "write a new key to this file, and do nothing else");
    add("flows-max",
        po::value(&options.flows_max),
        "flows kept one by one; the oldest beyond are folded into sums");
    add("file", po::value(&options.file), "the capture");
    return all;
}

Options parse(const Arguments& arguments) {
    Options options;
    const po::options_description all = describe(options);
    po::positional_options_description positional;
    positional.add("file", 1);
    po::variables_map values;
    po::store(po::command_line_parser(arguments).options(all).positional(positional).run(), values);
    po::notify(values);
    if (options.help) {
        std::ostringstream text;
        text << usage << all;
        say("{}", text.str());
        return options;
    }
    if (!options.make_canary_key.empty()) {
        return options;
    }
    const bool capture_or_log = !options.file.empty() || !options.dns_log.empty();
    if (capture_or_log == !options.interface.empty()) {
        throw drivers::UsageError(
            "egress: wanted either a capture file, Zeek logs, or -i INTERFACE");
    }
    if (options.format != "text" && options.format != "json" && options.format != "html") {
        throw drivers::UsageError(
            fmt::format("egress: --format {}: wanted text, json or html", options.format));
    }
    return options;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) {
        throw drivers::HostError(fmt::format("{}: cannot be written", path.string()));
    }
}

void export_all(const std::string& folder, const egress::EgressReport& report) {
    const std::filesystem::path root(folder);
    std::error_code error;
    std::filesystem::create_directories(root, error);
    if (error) {
        throw drivers::HostError(fmt::format("{}: cannot be made: {}", folder, error.message()));
    }
    write_file(root / "conn.log", egress::zeek_conn_log(*report.analysis));
    write_file(root / "dns.log", egress::zeek_dns_log(*report.analysis));
    write_file(root / "eve.json", egress::eve_json(report));
    std::size_t number = 0;
    for (const egress::EgressFinding& finding : report.findings) {
        const bool frames = finding.kind == "undecoded frames";
        const auto& evidence =
            frames ? report.analysis->undecoded_evidence() : report.analysis->evidence(finding.key);
        if (!evidence.empty()) {
            write_file(root / fmt::format("finding-{:04}.pcap", ++number),
                       egress::pcap_file(evidence));
        }
    }
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

void read_logs(const Options& options, egress::Analysis& analysis, egress::EgressReport& report) {
    const bool only_names = options.file.empty();
    const auto counts =
        egress::read_zeek(only_names ? std::string() : options.file, options.dns_log, analysis);
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
                   egress::Analysis& analysis,
                   egress::EgressReport& report) {
    const bool logs = options.interface.empty() &&
                      (options.file.empty() || egress::looks_like_zeek(options.file));
    if (!logs && !options.dns_log.empty()) {
        throw drivers::UsageError("egress: --dns-log stands beside a conn.log, not a capture");
    }
    if (logs) {
        if (!options.canary_key.empty()) {
            throw drivers::UsageError("egress: --canary-key: logs have no contents to search");
        }
        read_logs(options, analysis, report);
        return;
    }
    const auto source = open_source(options);
    read_all(options, *source, analysis);
    report.dropped = source->counts().dropped;
    report.ended_early = source->ended_early();
    if (!options.interface.empty()) {
        report.notes.push_back(fmt::format(
            "{} frames dropped, as the kernel counts: what a mirror left out before it is not "
            "known without marker frames, which only a run sends",
            report.dropped));
    }
}

// Search and positive control; nothing without a key.
struct Canaries {
    explicit Canaries(const Options& options) {
        if (!options.canary_key.empty()) {
            const auto key = integrity::read_canary_key(options.canary_key);
            control = egress::run_canary_control(key);
            search.emplace(key);
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

void write_files(const Options& options, const egress::EgressReport& report) {
    if (!options.draft.empty()) {
        write_file(options.draft,
                   profiles::policy_json(
                       egress::draft_policy(*report.analysis, "draft from " + report.source),
                       "A draft: every rule says only that such a flow was seen. Check each."));
    }
    if (!options.export_folder.empty()) {
        export_all(options.export_folder, report);
    }
}

} // namespace

int egress_command(const Arguments& arguments) {
    const Options options = parse(arguments);
    if (options.help) {
        return 0;
    }
    if (!options.make_canary_key.empty()) {
        integrity::write_new_canary_key(options.make_canary_key);
        return 0;
    }
    check_output_file("draft-policy", options.draft);
    check_output_folder("export", options.export_folder);
    const profiles::Policy policy =
        options.policy.empty() ? profiles::Policy{} : profiles::read_policy(options.policy);
    const egress::CompiledPolicy compiled(policy);
    egress::AnalysisSettings settings;
    settings.flows_max = options.flows_max;
    settings.dns_log_max = options.export_folder.empty() ? 0 : dns_log_max;
    std::optional<egress::StimulusWatch> stimuli;
    if (!options.journal.empty()) {
        egress::Journal journal = egress::read_journal(options.journal);
        settings.phases = std::move(journal.phases);
        stimuli.emplace(std::move(journal.stimuli), egress::StimulusSettings{});
        settings.packets = &*stimuli;
    }
    Canaries canaries(options);
    settings.content = canaries.search ? &*canaries.search : nullptr;
    egress::Analysis analysis(compiled, settings);
    egress::EgressReport report;
    read_evidence(options, analysis, report);
    report.source = !options.interface.empty() ? options.interface
                    : options.file.empty()     ? options.dns_log
                                               : options.file;
    report.policy = options.policy.empty() ? "none: everything is unlisted" : policy.name;
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
    const std::string text = options.format == "json"   ? egress::json_report(report)
                             : options.format == "html" ? egress::html_egress_report(report)
                                                        : egress::text_report(report);
    say("{}", text);
    write_files(options, report);
    return report.has_findings() ? 1 : report.not_measured.empty() ? 0 : 7;
}

} // namespace bench::cli
