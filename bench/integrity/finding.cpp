// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/finding.h"

#include <fmt/format.h>
#include <numeric>

namespace bench::integrity {

namespace {

constexpr std::array<std::string_view, finding_kinds> names = {"stale",
                                                               "misdirected",
                                                               "torn",
                                                               "foreign run",
                                                               "zeroed",
                                                               "corrupted",
                                                               "unmapped but not zero",
                                                               "lost after power cut",
                                                               "undecidable",
                                                               "unflushed loss",
                                                               "stale (part)"};

std::string describe(ContentKind kind, std::uint64_t generation) {
    switch (kind) {
    case ContentKind::stamped:
        return fmt::format("generation {}", generation);
    case ContentKind::duplicate:
        return fmt::format("dictionary entry {}", generation);
    case ContentKind::zero:
        return "zeros";
    case ContentKind::unknown:
        break;
    }
    return "nothing the bench has written";
}

std::string found_text(const Finding& finding) {
    if (finding.found == ContentKind::stamped) {
        return fmt::format("run {:016x}, address {}, generation {}, written by lane {}",
                           finding.found_stamp.run,
                           finding.found_stamp.address_bytes,
                           finding.found_stamp.generation,
                           finding.found_stamp.lane);
    }
    if (finding.found == ContentKind::zero) {
        return "zeros";
    }
    return finding.found == ContentKind::duplicate ? "another dictionary entry"
                                                   : "content without a valid stamp";
}

std::string sentence(const Finding& finding) {
    const std::uint64_t at = finding.address_bytes;
    const std::string wanted = describe(finding.expected, finding.expected_generation);
    switch (finding.kind) {
    case FindingKind::stale:
        return fmt::format("Byte {}: {} was acknowledged, older content is there", at, wanted);
    case FindingKind::misdirected:
        return fmt::format(
            "Byte {} holds what was written to byte {}", at, finding.found_stamp.address_bytes);
    case FindingKind::torn:
        return fmt::format("Byte {}: {} was acknowledged and is there only in part", at, wanted);
    case FindingKind::foreign_run:
        return fmt::format(
            "Byte {} holds data of another run ({:016x})", at, finding.found_stamp.run);
    case FindingKind::zeroed:
        return fmt::format("Byte {}: {} was acknowledged, zeros are there", at, wanted);
    case FindingKind::corrupted:
        return fmt::format("Byte {}: {} bits differ", at, finding.damage.bits);
    case FindingKind::not_zero:
        return fmt::format("Byte {} was unmapped or zeroed and is not zero", at);
    case FindingKind::lost_after_power_cut:
        return fmt::format("Byte {}: {} was durable and is gone after the power cut", at, wanted);
    case FindingKind::undecidable:
        return fmt::format("Byte {} was rewritten before a write of unknown outcome was fenced",
                           at);
    case FindingKind::unflushed_loss:
        return fmt::format(
            "Byte {}: {} was never flushed and is gone after the power cut (legal)", at, wanted);
    case FindingKind::stale_part:
        return fmt::format("Byte {}: {} was acknowledged and is there around older content of "
                           "generation {}",
                           at,
                           wanted,
                           finding.found_stamp.generation);
    }
    return {};
}

std::string utc_text(std::uint64_t monotonic_ns, const Calendar& calendar) {
    const std::int64_t utc_ns =
        static_cast<std::int64_t>(monotonic_ns) + calendar.utc_minus_monotonic_ns;
    return monotonic_ns == 0
               ? "too long ago to be in the lane's log of writes"
               : fmt::format("{}.{:09} s UTC", utc_ns / 1'000'000'000, utc_ns % 1'000'000'000);
}

std::string hex_dump(const std::array<std::byte, sector_bytes>& bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 16) {
        out += fmt::format("{:04x} ", at);
        for (std::size_t i = at; i < at + 16; ++i) {
            out += fmt::format(" {:02x}", std::to_integer<unsigned>(bytes[i]));
        }
        out += '\n';
    }
    return out;
}

std::map<std::string, std::string> details_of(const Finding& finding, const Calendar& calendar) {
    std::map<std::string, std::string> out = {
        {"address_bytes", std::to_string(finding.address_bytes)},
        {"size_bytes", std::to_string(std::uint64_t{finding.sectors} * sector_bytes)},
        {"expected", describe(finding.expected, finding.expected_generation)},
        {"found", found_text(finding)},
        {"first_seen", utc_text(finding.seen_ns, calendar)},
        {"first_seen_by", fmt::format("lane {}", finding.reader_lane)}};
    if (finding.expected == ContentKind::stamped) {
        out["expected_written"] = utc_text(finding.written_ns, calendar);
        out["expected_acknowledged"] = utc_text(finding.acknowledged_ns, calendar);
    }
    if (finding.found == ContentKind::stamped) {
        out["found_written"] = utc_text(finding.found_stamp.issued_ns, calendar);
    }
    if (finding.kind == FindingKind::misdirected) {
        out["true_address_bytes"] = std::to_string(finding.found_stamp.address_bytes);
    }
    if (finding.kind == FindingKind::corrupted) {
        out["bits"] = std::to_string(finding.damage.bits);
        out["bytes"] = fmt::format("{} to {}", finding.damage.first_byte, finding.damage.last_byte);
    }
    if (finding.expected == ContentKind::duplicate || finding.found == ContentKind::duplicate) {
        out["limit"] = "duplicate content carries no address or generation: a stale or misdirected "
                       "copy of the same entry cannot be seen";
    }
    return out;
}

} // namespace

std::string_view name_of(FindingKind kind) noexcept {
    return names[static_cast<std::size_t>(kind)];
}

bool is_note(FindingKind kind) noexcept {
    return kind == FindingKind::undecidable || kind == FindingKind::unflushed_loss;
}

void FindingLog::add(const Finding& finding) noexcept {
    ++counts_[static_cast<std::size_t>(finding.kind)];
    // One kind must not crowd out another: each may fill its share only.
    const std::uint64_t share = kept_.capacity() / finding_kinds;
    if (kept_.size() < kept_.capacity() &&
        counts_[static_cast<std::size_t>(finding.kind)] <= share) {
        kept_.push_back(finding);
    }
}

void FindingLog::merge(const FindingLog& other) {
    for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
        counts_[kind] += other.counts_[kind];
    }
    kept_.insert(kept_.end(), other.kept_.begin(), other.kept_.end());
}

std::uint64_t FindingLog::accusations() const noexcept {
    std::uint64_t out = 0;
    for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
        out += is_note(static_cast<FindingKind>(kind)) ? 0 : counts_[kind];
    }
    return out;
}

std::vector<results::FindingRecord>
records_of(const FindingLog& log, const Calendar& calendar, const std::string& array) {
    std::vector<results::FindingRecord> out;
    std::array<std::uint64_t, finding_kinds> told{};
    for (const Finding& finding : log.kept()) {
        ++told[static_cast<std::size_t>(finding.kind)];
        results::FindingRecord record;
        record.kind = name_of(finding.kind);
        record.severity = is_note(finding.kind) ? "note" : "finding";
        record.array = array;
        record.area = "integrity";
        record.summary = sentence(finding);
        record.details = details_of(finding, calendar);
        record.cutout = hex_dump(finding.cutout);
        record.at_utc_ns =
            static_cast<std::int64_t>(finding.seen_ns) + calendar.utc_minus_monotonic_ns;
        out.push_back(std::move(record));
    }
    for (std::size_t kind = 0; kind < finding_kinds; ++kind) {
        const auto which = static_cast<FindingKind>(kind);
        if (log.count(which) > told[kind]) {
            results::FindingRecord record;
            record.kind = name_of(which);
            record.severity = is_note(which) ? "note" : "finding";
            record.array = array;
            record.area = "integrity";
            record.summary =
                fmt::format("{} more of this kind were counted", log.count(which) - told[kind]);
            record.details["count"] = std::to_string(log.count(which) - told[kind]);
            out.push_back(std::move(record));
        }
    }
    return out;
}

} // namespace bench::integrity
