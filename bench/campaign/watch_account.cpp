// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watch_account.h"

#include "bench/campaign/handover.h"
#include "bench/campaign/tap_record.h"
#include "bench/campaign/watch_handover.h"
#include "bench/egress/sinks.h"
#include "drivers/api/errors.h"
#include "results/record_error.h"
#include "results/run_record_file.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>

namespace bench::campaign {

namespace {

constexpr std::int64_t length_max_ns = 100'000'000'000'000'000; // Three years

[[noreturn]] void refuse(const std::string& what) {
    throw drivers::HostError("the handover of a watch " + what);
}

void want(bool right, const std::string& what) {
    if (!right) {
        refuse(what);
    }
}

bool is_cutout(std::string_view name) {
    constexpr std::string_view begin = "finding-";
    constexpr std::string_view end = ".pcap";
    if (!name.starts_with(begin) || !name.ends_with(end) ||
        name.size() <= begin.size() + end.size()) {
        return false;
    }
    const auto number = name.substr(begin.size(), name.size() - begin.size() - end.size());
    return number.size() < 10 && number.find_first_not_of("0123456789") == std::string_view::npos;
}

// By plain name, each once, and no other than a watch leaves.
std::set<std::string> take_files(Handover& from, WatchAccount& out) {
    constexpr std::array<std::string_view, 5> reports{
        "report.json", "report.html", "conn.log", "dns.log", "eve.json"};
    std::set<std::string> names;
    for (auto& [path, content] : from.files) {
        const std::string name = path.substr(std::string_view(handover_folder).size() + 1);
        want(is_cutout(name) || std::find(reports.begin(), reports.end(), name) != reports.end(),
             fmt::format("has a file \"{}\"", name));
        want(names.insert(name).second, fmt::format("has \"{}\" twice", name));
        out.files.emplace_back(name, std::move(content));
    }
    for (const std::string_view report : reports) {
        want(names.count(std::string(report)) == 1, fmt::format("lacks \"{}\"", report));
    }
    return names;
}

EgressBooks books_of(const results::EgressRecord& record) {
    return {record.frames,
            record.captured_bytes,
            record.allowed_bytes,
            record.unlisted_bytes,
            record.undecoded_bytes,
            0};
}

void check_records(const std::vector<results::EgressRecord>& records, const WatchKnown& known) {
    want(!records.empty() && records[0].phase.empty(), "has no record of the whole");
    EgressBooks sum;
    std::set<std::string> phases;
    for (const results::EgressRecord& one : records) {
        want(one.array == known.array, fmt::format("speaks of array \"{}\"", one.array));
        want(std::abs(one.watched_ns / 2) < length_max_ns, "has watched for too long");
        if (&one == &records[0]) {
            continue;
        }
        const bool is_known = one.phase == "start" || known.phases.count(one.phase) == 1;
        want(is_known && phases.insert(one.phase).second,
             fmt::format("speaks of a phase \"{}\"", one.phase));
        sum += books_of(one);
    }
    const EgressBooks whole = books_of(records[0]);
    want(sum == whole, "has phases that are not the whole");
    want(!records[0].not_measured.empty() || whole.captured_bytes == whole.allowed_bytes +
                                                                         whole.unlisted_bytes +
                                                                         whole.undecoded_bytes,
         "calls books measured that do not balance");
    want(whole.frames >= known.last.frames && whole.captured_bytes >= known.last.captured_bytes &&
             whole.allowed_bytes >= known.last.allowed_bytes &&
             whole.unlisted_bytes >= known.last.unlisted_bytes &&
             whole.undecoded_bytes >= known.last.undecoded_bytes,
         "has seen less than was told before");
}

void check_taps(results::EgressRecord& whole, const WatchKnown& known) {
    want(whole.taps && whole.taps->size() == known.taps.size(), "has other taps");
    for (std::size_t i = 0; i < known.taps.size(); ++i) {
        results::TapRecord& tap = (*whole.taps)[i];
        want(tap.interface == known.taps[i].interface, "has other taps");
        want(tap.markers_sent == known.taps[i].markers_sent && tap.markers_lost <= tap.markers_sent,
             fmt::format("has {} marker frames that were sent past {} and {} that were lost; sent "
                         "were {}",
                         tap.markers_sent,
                         tap.interface,
                         tap.markers_lost,
                         known.taps[i].markers_sent));
        tap.loss_low.reset();
        tap.loss_high.reset();
        bound_loss(tap);
    }
}

void check_finding(const results::FindingRecord& finding,
                   const std::set<std::string>& files,
                   const WatchKnown& known) {
    want(finding.array == known.array && finding.area == "egress",
         fmt::format("finds something of array \"{}\"", finding.array));
    want(finding.severity == "finding" || finding.severity == "note",
         fmt::format("has a finding that is a \"{}\"", finding.severity));
    want(finding.cutout.empty() || (files.count(finding.cutout) == 1 && is_cutout(finding.cutout)),
         fmt::format("has a finding with the cut-out \"{}\"", finding.cutout));
}

results::FindingRecord
finding_of(const WatchEnd& end, const WatchKnown& known, const char* kind, std::string summary) {
    results::FindingRecord out;
    out.kind = kind;
    out.severity = "finding";
    out.array = known.array;
    out.summary = std::move(summary);
    out.at_utc_ns = end.at_ns;
    out.area = "egress";
    return out;
}

} // namespace

WatchAccount account_from(const std::string& handover, const WatchKnown& known) {
    Handover taken = handover_from(handover, {}, handover_folder);
    want(taken.exit_code == 0, fmt::format("has exit code {}", taken.exit_code));
    results::RunRecord told;
    try {
        told = results::result_from_text(taken.text, "handover");
    } catch (const results::RecordError& error) {
        refuse(fmt::format("has no records: {}", error.what()));
    }
    WatchAccount out;
    const std::set<std::string> files = take_files(taken, out);
    check_records(told.egress, known);
    check_taps(told.egress[0], known);
    for (const results::FindingRecord& finding : told.findings) {
        check_finding(finding, files, known);
    }
    for (results::EgressRecord& one : told.egress) {
        one.captured_by = known.captured_by;
    }
    out.records = std::move(told.egress);
    out.findings = std::move(told.findings);
    return out;
}

WatchAccount account_of(const WatchEnd& end, const WatchKnown& known) {
    WatchAccount out;
    results::EgressRecord& whole = out.records.emplace_back();
    whole.array = known.array;
    whole.captured_by = known.captured_by;
    whole.watched_ns = known.last.watched_ns;
    whole.frames = known.last.frames;
    whole.captured_bytes = known.last.captured_bytes;
    whole.allowed_bytes = known.last.allowed_bytes;
    whole.unlisted_bytes = known.last.unlisted_bytes;
    whole.undecoded_bytes = known.last.undecoded_bytes;
    whole.not_measured =
        fmt::format("the watch ended at {}: {}: not seen since, and of what came before the books "
                    "alone are known",
                    egress::utc_text(end.at_ns),
                    end.why);
    if (end.forged) {
        out.findings.push_back(finding_of(
            end,
            known,
            "forged handover",
            fmt::format("The process that decoded this array's frames said what it could not have "
                        "said by itself: {}. What it read has taken it over, or this program has "
                        "a bug.",
                        end.why)));
    }
    if (const auto bytes = known.last.unlisted_bytes + known.last.undecoded_bytes; bytes > 0) {
        out.findings.push_back(finding_of(
            end,
            known,
            "undeclared bytes",
            fmt::format("{} bytes that no rule allows had passed when the watch ended.", bytes)));
    }
    return out;
}

} // namespace bench::campaign
