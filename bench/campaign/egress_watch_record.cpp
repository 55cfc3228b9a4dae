// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_watch_record.h"

#include "bench/campaign/tap_record.h"
#include "drivers/lab/address_plan.h"
#include "results/folder_files.h"
#include "results/whole_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>

namespace bench::campaign {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

// Bytes of allowed flows that are closed to us: TLS, or a port where only TLS or SSH is spoken.
std::uint64_t unreadable_bytes(const egress::Analysis& analysis) {
    constexpr std::array<std::uint16_t, 6> closed_ports{22, 443, 636, 5696, 6514, 8443};
    std::uint64_t out = 0;
    analysis.flows().for_each([&](const egress::Flow& flow) {
        const std::uint16_t port = flow.key.ports[1 - flow.initiator_end()];
        const bool is_closed =
            flow.key.protocol == drivers::wire::protocol_tcp &&
            (std::find(closed_ports.begin(), closed_ports.end(), port) != closed_ports.end() ||
             std::any_of(analysis.claims().begin(),
                         analysis.claims().end(),
                         [&](const egress::Claim& claim) {
                             return claim.kind.starts_with("TLS") && claim.key == flow.key;
                         }));
        out += is_closed ? flow.bytes_all() - std::min(flow.bytes_all(), flow.unlisted_bytes) : 0;
    });
    return out;
}

std::map<std::string, std::string> smallest_seen(const std::vector<std::string>& detectable) {
    std::map<std::string, std::string> out;
    for (const std::string& sentence : detectable) {
        const std::size_t colon = sentence.find(": ");
        if (colon == std::string::npos) {
            out["Limits"] += (out["Limits"].empty() ? "" : " ") + sentence;
        } else {
            out[sentence.substr(0, colon)] = sentence.substr(colon + 2);
        }
    }
    return out;
}

std::string not_measured(const ArrayWatch& watch) {
    const auto lost = watch.lost_seconds();
    std::string out;
    const auto add = [&](const std::string& text) {
        out += (out.empty() ? "" : "; ") + text;
    };
    if (!watch.broken().empty()) {
        add(watch.broken());
    }
    for (const TapBook& tap : watch.taps()) {
        if (!tap.no_markers.empty()) {
            add("no marker frames past " + tap.interface + ": " + tap.no_markers);
        }
    }
    if (!lost.empty()) {
        const std::int64_t all_s = (watch.ended_ns() - watch.began_ns()) / ns_per_s + 1;
        add(fmt::format(
            "{} of {} one-second intervals: {}", lost.size(), all_s, lost.begin()->second));
    }
    if (!watch.analysis().ledger().balances()) {
        add("the books do not balance");
    }
    return out;
}

// An array that leaks leaks often: of connections to one service that carried canaries in the same
// writing the first stands for all.
std::vector<egress::EgressFinding> folded(const std::vector<egress::EgressFinding>& found) {
    using Alike = std::tuple<egress::IpAddress, egress::IpAddress, std::uint16_t, std::string>;
    std::map<Alike, std::size_t> places;
    std::vector<egress::EgressFinding> out;
    std::vector<std::uint64_t> counts;
    for (const egress::EgressFinding& one : found) {
        const auto detail = [&](const char* name) {
            const auto at = one.details.find(name);
            return at == one.details.end() ? std::string() : at->second + "\n";
        };
        // Of two ports the higher one is the caller's own.
        const std::uint16_t port = std::min(one.key.ports[0], one.key.ports[1]);
        const auto [place, is_new] =
            places.try_emplace({one.key.ends[0],
                                one.key.ends[1],
                                port,
                                one.severity + detail("channel") + detail("encoding") +
                                    detail("inside") + detail("LUN")},
                               out.size());
        if (is_new) {
            out.push_back(one);
            counts.push_back(0);
        } else {
            egress::EgressFinding& first = out[place->second];
            first.packets += one.packets;
            first.bytes += one.bytes;
            first.first_ns = std::min(first.first_ns, one.first_ns);
            first.last_ns = std::max(first.last_ns, one.last_ns);
        }
        ++counts[place->second];
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (counts[i] > 1) {
            out[i].summary += fmt::format("; {} connections carried the like", counts[i]);
            out[i].details["connections"] = std::to_string(counts[i]);
        }
    }
    return out;
}

void report_canaries(const egress::CanarySearch& search,
                     const egress::Analysis& analysis,
                     egress::EgressReport& out) {
    std::vector<egress::EgressFinding> found;
    egress::find_canaries(search, analysis, found);
    found = folded(found);
    out.findings.insert(out.findings.begin(), found.begin(), found.end());
    out.canary_lines = egress::canary_lines(search, analysis);
    const egress::CanaryControl control = egress::run_canary_control(search.key());
    out.detectable.push_back(fmt::format(
        "Canaries: one whole token of what the bench wrote, in any of the writings tried on a "
        "sample of this run's own: {} of {} found{}; what is encrypted stays unseen.",
        control.found,
        control.planted,
        control.missed.empty() ? "" : ", missed: " + control.missed.front()));
    for (const std::string& missed : control.missed) {
        out.not_measured.push_back("the canary search missed its own sample: " + missed);
    }
}

void put_books(const EgressBooks& books, results::EgressRecord& out) {
    out.watched_ns = books.watched_ns;
    out.frames = books.frames;
    out.captured_bytes = books.captured_bytes;
    out.allowed_bytes = books.allowed_bytes;
    out.unlisted_bytes = books.unlisted_bytes;
    out.undecoded_bytes = books.undecoded_bytes;
}

results::FindingRecord
finding_record(const egress::EgressFinding& found, const std::string& array, bool is_judged) {
    results::FindingRecord out;
    out.kind = found.kind;
    out.severity = found.severity == "finding" && is_judged ? "finding" : "note";
    out.array = array;
    out.phase = found.phase;
    out.summary = found.summary;
    out.details = found.details;
    out.details["test"] = found.test;
    out.details["confidence"] = found.confidence;
    out.details["packets"] = std::to_string(found.packets);
    out.details["bytes"] = std::to_string(found.bytes);
    out.details["Wireshark filter"] = found.filter;
    if (!found.community_id.empty()) {
        out.details["community id"] = found.community_id;
    }
    out.at_utc_ns = found.first_ns;
    out.area = "egress";
    return out;
}

std::string tap_of(const plan::Plan& plan, const std::string& array, bool in_laboratory) {
    for (std::size_t i = 0; i < plan.arrays.size(); ++i) {
        if (plan.arrays[i].name == array && plan.arrays[i].description.emulated) {
            return in_laboratory ? "laboratory mirror " + drivers::lab::place_of_array(i, 1).mirror
                                 : "";
        }
    }
    return "interfaces that its file names";
}

} // namespace

EgressFolder::EgressFolder(const std::string& run_folder)
    : path_(run_folder)
    , name_("egress") {
    for (int part = 2; results::is_there_in(path_, name_); ++part) {
        name_ = fmt::format("egress-{}", part);
    }
    results::make_folder_in(path_, name_);
}

std::vector<std::string> EgressFolder::write(const std::string& array,
                                             const egress::EgressReport& report) {
    const std::string folder = name_ + "/" + array;
    results::make_folder_in(path_, folder);
    results::write_file_in(path_, folder + "/report.json", egress::json_report(report));
    results::write_file_in(path_, folder + "/report.html", egress::html_egress_report(report));
    results::write_file_in(path_, folder + "/conn.log", egress::zeek_conn_log(*report.analysis));
    results::write_file_in(path_, folder + "/dns.log", egress::zeek_dns_log(*report.analysis));
    results::write_file_in(path_, folder + "/eve.json", egress::eve_json(report));
    std::vector<std::string> out;
    for (const egress::EgressFinding& finding : report.findings) {
        const auto& frames = finding.kind == "undecoded frames"
                                 ? report.analysis->undecoded_evidence()
                                 : report.analysis->evidence(finding.key);
        out.emplace_back();
        if (!frames.empty()) {
            out.back() = fmt::format("{}/finding-{:04}.pcap", folder, out.size());
            results::write_file_in(path_, out.back(), egress::pcap_file(frames));
        }
    }
    return out;
}

void EgressFolder::write_outside(const drivers::lab::SinkLog& log) {
    std::string out = "utc\tservice\tfrom\tto\tbytes\tsaid\n";
    for (const drivers::lab::SinkEntry& entry : log.entries()) {
        out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n",
                           egress::utc_text(entry.at_utc_ns),
                           entry.service,
                           entry.from,
                           entry.to,
                           entry.bytes,
                           entry.said);
    }
    if (log.left_out() > 0) {
        out += fmt::format("# {} more were not kept\n", log.left_out());
    }
    results::write_file_in(path_, name_ + "/outside.tsv", out);
}

namespace {

// The books of the whole run beside what is known of the whole alone, and then those of each phase.
void record_books(const ArrayWatch& watch, results::EgressRecord whole, results::RunRecord& run) {
    EgressBooks all;
    std::vector<results::EgressRecord> phases;
    for (const auto& [phase, books] : watch.by_phase()) {
        all += books;
        phases.emplace_back();
        put_books(books, phases.back());
        phases.back().array = watch.array();
        phases.back().captured_by = whole.captured_by;
        phases.back().phase = phase.empty() ? "start" : phase;
    }
    put_books(all, whole);
    whole.array = watch.array();
    run.egress.push_back(std::move(whole));
    run.egress.insert(run.egress.end(), phases.begin(), phases.end());
}

} // namespace

void record_watch(const ArrayWatch& watch,
                  const plan::Plan& plan,
                  EgressFolder& folder,
                  results::RunRecord& run) {
    const egress::Analysis& analysis = watch.analysis();
    const std::string captured_by = tap_of(plan, watch.array(), true);
    egress::EgressReport report;
    report.source = captured_by;
    report.policy = analysis.policy().policy().name;
    report.analysis = &analysis;
    const egress::DetectorSettings detectors;
    report.findings = egress::draw_findings(analysis, detectors);
    report.detectable = egress::detectable(analysis, detectors);
    watch.coupling().find(analysis, report.findings);
    report.detectable.push_back(watch.coupling().detectable());
    std::vector<results::TapRecord> taps;
    std::string losses;
    for (const TapBook& tap : watch.taps()) {
        taps.push_back(tap_record(tap));
        losses += " " + tap_sentence(taps.back());
    }
    report.detectable.push_back("Capture:" + losses);
    if (watch.canaries() != nullptr) {
        report_canaries(*watch.canaries(), analysis, report);
    }
    report.dropped = watch.dropped();
    report.ended_early = watch.broken();
    std::string why = not_measured(watch);
    for (const std::string& other : report.not_measured) {
        why += (why.empty() ? "" : "; ") + other;
    }
    report.not_measured.clear();
    if (!why.empty()) {
        report.not_measured.push_back(why);
    }
    const auto cutouts = folder.write(watch.array(), report);
    for (std::size_t i = 0; i < report.findings.size(); ++i) {
        run.findings.push_back(
            finding_record(report.findings[i], watch.array(), plan.egress->demand_silence));
        run.findings.back().cutout = cutouts[i];
    }
    results::EgressRecord whole;
    whole.unreadable_bytes = unreadable_bytes(analysis);
    whole.smallest_seen = smallest_seen(report.detectable);
    whole.not_measured = why;
    whole.frames_lost = watch.dropped();
    for (const results::TapRecord& tap : taps) {
        whole.frames_lost += tap.markers_lost;
    }
    whole.taps = std::move(taps);
    whole.captured_by = captured_by;
    record_books(watch, std::move(whole), run);
}

void record_ports(const plan::Plan& plan, bool in_laboratory, results::RunRecord& run) {
    for (results::ArrayRecord& array : run.arrays) {
        if (!array.emulated) {
            continue; // As its file says.
        }
        const std::string tap = tap_of(plan, array.name, in_laboratory);
        for (results::PortRecord& port : array.ports) {
            // An emulated array has no ports of other kinds, whatever its model has.
            port.watched_by = port.kind == "data" || port.kind == "management" ? tap : "";
        }
    }
}

std::vector<results::VerdictRecord> judge_egress(const plan::Plan& plan,
                                                 const results::RunRecord& run) {
    std::vector<results::VerdictRecord> out;
    if (!plan.egress || !plan.egress->demand_silence) {
        return out;
    }
    for (const plan::PlanArray& array : plan.arrays) {
        results::VerdictRecord verdict;
        verdict.limit = "egress: nothing undeclared";
        verdict.array = array.name;
        verdict.value = static_cast<double>(std::count_if(
            run.findings.begin(), run.findings.end(), [&](const results::FindingRecord& one) {
                return one.area == "egress" && one.array == array.name && one.severity == "finding";
            }));
        const auto whole = std::find_if(
            run.egress.begin(), run.egress.end(), [&](const results::EgressRecord& one) {
                return one.array == array.name && one.phase.empty();
            });
        if (whole == run.egress.end()) {
            verdict.reason = "nothing was captured";
        } else {
            verdict.reason = whole->not_measured;
        }
        for (const profiles::PortDescription& port : array.description.ports) {
            if (array.description.real && port.watched_by.empty()) {
                verdict.reason +=
                    (verdict.reason.empty() ? "" : "; ") + port.name + ": not watched";
            }
        }
        verdict.outcome = verdict.value > 0        ? results::Outcome::fail
                          : verdict.reason.empty() ? results::Outcome::pass
                                                   : results::Outcome::not_measured;
        out.push_back(verdict);
    }
    return out;
}

} // namespace bench::campaign
