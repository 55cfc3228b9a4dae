// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watch_handover.h"

#include "bench/campaign/tap_record.h"
#include "bench/egress/sinks.h"
#include "results/run_record_file.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>
#include <tuple>

namespace bench::campaign {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

// Bytes of allowed flows that are closed to us: TLS, or a port where only TLS or SSH is spoken.
std::uint64_t unreadable_bytes(const egress::Analysis& analysis) {
    constexpr std::array<std::uint16_t, 6> closed_ports{22, 443, 636, 5696, 6514, 8443};
    std::set<egress::FlowKey> speak_tls;
    for (const egress::Claim& claim : analysis.claims()) {
        if (claim.kind.starts_with("TLS")) {
            speak_tls.insert(claim.key);
        }
    }
    std::uint64_t out = 0;
    analysis.flows().for_each([&](const egress::Flow& flow) {
        const std::uint16_t port = flow.key.ports[1 - flow.initiator_end()];
        const bool is_closed =
            flow.key.protocol == drivers::wire::protocol_tcp &&
            (std::find(closed_ports.begin(), closed_ports.end(), port) != closed_ports.end() ||
             speak_tls.count(flow.key) != 0);
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

std::string not_measured(const TapAnalysis& watch) {
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

results::FindingRecord finding_record(const egress::EgressFinding& found,
                                      const std::string& array) {
    results::FindingRecord out;
    out.kind = found.kind;
    out.severity = found.severity == "finding" ? "finding" : "note";
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

// The books of the whole run beside what is known of the whole alone, and then those of each phase.
void record_books(const TapAnalysis& watch, results::EgressRecord whole, results::RunRecord& run) {
    EgressBooks all;
    std::vector<results::EgressRecord> phases;
    for (const auto& [phase, books] : watch.by_phase()) {
        all += books;
        phases.emplace_back();
        put_books(books, phases.back());
        phases.back().array = watch.orders().array;
        phases.back().captured_by = whole.captured_by;
        phases.back().phase = phase.empty() ? "start" : phase;
    }
    put_books(all, whole);
    whole.array = watch.orders().array;
    run.egress.push_back(std::move(whole));
    run.egress.insert(run.egress.end(), phases.begin(), phases.end());
}

// Cut-outs' names by finding; empty = none.
std::vector<std::string> put_files(const egress::EgressReport& report, Handover& out) {
    const auto put = [&](const std::string& name, std::string content) {
        out.files.emplace_back(std::string(handover_folder) + "/" + name, std::move(content));
    };
    put("report.json", egress::json_report(report));
    put("report.html", egress::html_egress_report(report));
    put("conn.log", egress::zeek_conn_log(*report.analysis));
    put("dns.log", egress::zeek_dns_log(*report.analysis));
    put("eve.json", egress::eve_json(report));
    std::vector<std::string> cutouts;
    for (const egress::EgressFinding& finding : report.findings) {
        const auto& frames = finding.kind == "undecoded frames"
                                 ? report.analysis->undecoded_evidence()
                                 : report.analysis->evidence(finding.key);
        cutouts.emplace_back();
        if (!frames.empty()) {
            cutouts.back() = fmt::format("finding-{:04}.pcap", cutouts.size());
            put(cutouts.back(), egress::pcap_file(frames));
        }
    }
    return cutouts;
}

std::vector<results::TapRecord> put_taps(const TapAnalysis& watch, egress::EgressReport& report) {
    std::vector<results::TapRecord> out;
    std::string losses;
    for (const TapBook& tap : watch.taps()) {
        out.push_back(tap_record(tap));
        losses += " " + tap_sentence(out.back());
    }
    report.detectable.push_back("Capture:" + losses);
    return out;
}

egress::EgressReport report_of(const TapAnalysis& watch) {
    const egress::Analysis& analysis = watch.analysis();
    egress::EgressReport out;
    out.source = watch.orders().captured_by;
    out.policy = analysis.policy().policy().name;
    out.analysis = &analysis;
    const egress::DetectorSettings detectors;
    out.findings = egress::draw_findings(analysis, detectors);
    out.detectable = egress::detectable(analysis, detectors);
    watch.coupling().find(analysis, out.findings);
    out.detectable.push_back(watch.coupling().detectable());
    out.dropped = watch.dropped();
    out.ended_early = watch.broken();
    return out;
}

} // namespace

Handover watch_handover(const TapAnalysis& watch) {
    egress::EgressReport report = report_of(watch);
    results::EgressRecord whole;
    whole.captured_by = watch.orders().captured_by;
    whole.frames_lost = watch.dropped();
    std::vector<results::TapRecord> taps = put_taps(watch, report);
    for (const results::TapRecord& tap : taps) {
        whole.frames_lost += tap.markers_lost;
    }
    whole.taps = std::move(taps);
    if (watch.canaries() != nullptr) {
        report_canaries(*watch.canaries(), watch.analysis(), report);
    }
    whole.not_measured = not_measured(watch);
    for (const std::string& other : report.not_measured) {
        whole.not_measured += (whole.not_measured.empty() ? "" : "; ") + other;
    }
    report.not_measured.clear();
    if (!whole.not_measured.empty()) {
        report.not_measured.push_back(whole.not_measured);
    }
    Handover out;
    results::RunRecord told;
    const auto cutouts = put_files(report, out);
    for (std::size_t i = 0; i < report.findings.size(); ++i) {
        told.findings.push_back(finding_record(report.findings[i], watch.orders().array));
        told.findings.back().cutout = cutouts[i];
    }
    whole.unreadable_bytes = unreadable_bytes(watch.analysis());
    whole.smallest_seen = smallest_seen(report.detectable);
    record_books(watch, std::move(whole), told);
    out.text = results::result_text(told);
    return out;
}

} // namespace bench::campaign
