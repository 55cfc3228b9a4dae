// SPDX-License-Identifier: Apache-2.0
// From sectors that are wrong to findings that say how.
#include "bench/integrity/keeper_state.h"

#include <algorithm>
#include <cstring>

namespace bench::integrity {

namespace {

bool continues(const Finding& one, const Finding& next) noexcept {
    const std::uint64_t distance = std::uint64_t{one.sectors} * sector_bytes;
    const bool same_stamp =
        one.found != ContentKind::stamped ||
        (one.found_stamp.run == next.found_stamp.run &&
         one.found_stamp.generation == next.found_stamp.generation &&
         one.found_stamp.address_bytes + distance == next.found_stamp.address_bytes);
    return one.kind == next.kind && one.found == next.found && same_stamp &&
           one.expected == next.expected && one.expected_generation == next.expected_generation &&
           one.address_bytes + distance == next.address_bytes;
}

std::uint64_t key_of(const Finding& finding) noexcept {
    std::uint64_t key = finding.address_bytes;
    for (const std::uint64_t part : {finding.expected_generation,
                                     finding.found_stamp.generation,
                                     static_cast<std::uint64_t>(finding.kind)}) {
        key = (key ^ part) * 0x9E3779B97F4A7C15ULL;
        key ^= key >> 29U;
    }
    return key | 1U; // Never the empty key.
}

} // namespace

// Neighbours last written by one and the same request: what is torn between them is torn.
bool Keeper::State::same_write(std::uint64_t one, std::uint64_t other) const noexcept {
    if (!owns(other) || table_.find(one) != nullptr || table_.find(other) != nullptr) {
        return false;
    }
    const UnitState left = state_of(one);
    const UnitState right = state_of(other);
    return left.kind == ContentKind::stamped && right.kind == ContentKind::stamped &&
           left.generation == right.generation;
}

void Keeper::State::accuse(const Flight& flight, std::uint64_t now_ns) noexcept {
    const Units units = units_of(flight.access);
    const std::uint64_t end = units.first + units.count;
    Finding open;
    for (std::uint64_t unit = units.first; unit < end;) {
        if (!owns(unit)) {
            ++unit;
            continue;
        }
        Units stretch{unit, 1};
        while (unit + stretch.count < end && same_write(unit, unit + stretch.count)) {
            ++stretch.count;
        }
        accuse_stretch(flight, stretch, now_ns, open);
        unit += stretch.count;
    }
    report(open);
}

// Address behind the last sector that is as it should be; 0 = none is.
std::uint64_t Keeper::State::right_until(const Flight& flight, Units stretch) const noexcept {
    std::uint64_t out = 0;
    for (std::uint64_t unit = stretch.first; unit < stretch.first + stretch.count; ++unit) {
        std::uint64_t address = 0;
        std::span<const std::byte> rest = part_of(flight, unit, address);
        const Judgement judgement = judgement_of(unit, flight.submitted);
        auto sector = static_cast<std::uint32_t>((address - address_of(unit)) / sector_bytes);
        for (; !rest.empty(); rest = rest.subspan(sector_bytes)) {
            const bool right = judgement.match(rest.first(sector_bytes), address, sector++) >= 0;
            address += sector_bytes;
            out = right ? address : out;
        }
    }
    return out;
}

// Where a part of what one write left is right. A write that stopped half-way leaves what was there
// before it from some sector to its end; what is older before that, or older than what it had
// overwritten, was so before.
FindingKind Keeper::State::kind_in_part(const Finding& found, bool to_the_end) const noexcept {
    switch (found.kind) {
    case FindingKind::stale:
        if (found.found != ContentKind::stamped || found.expected != ContentKind::stamped ||
            found.found_stamp.generation > found.expected_generation) {
            return FindingKind::torn; // Nothing proves its age.
        }
        return to_the_end && !is_older_than_before(found) ? FindingKind::torn
                                                          : FindingKind::stale_part;
    case FindingKind::zeroed:
        return to_the_end ? FindingKind::torn : found.kind;
    case FindingKind::foreign_run:
        return found.found_stamp.address_bytes == found.address_bytes ? FindingKind::torn
                                                                      : found.kind;
    default:
        return found.kind;
    }
}

// A write between the one found and the one expected left other content there, as far back as the
// log of writes goes.
bool Keeper::State::is_older_than_before(const Finding& found) const noexcept {
    return writes_.any_between(
        found.found_stamp.generation, found.expected_generation, found.address_bytes);
}

void Keeper::State::accuse_stretch(const Flight& flight,
                                   Units stretch,
                                   std::uint64_t now_ns,
                                   Finding& open) noexcept {
    const std::uint64_t right = right_until(flight, stretch);
    for (std::uint64_t unit = stretch.first; unit < stretch.first + stretch.count; ++unit) {
        std::uint64_t address = 0;
        std::span<const std::byte> rest = part_of(flight, unit, address);
        const Judgement judgement = judgement_of(unit, flight.submitted);
        auto sector = static_cast<std::uint32_t>((address - address_of(unit)) / sector_bytes);
        for (; !rest.empty(); rest = rest.subspan(sector_bytes), address += sector_bytes) {
            if (judgement.match(rest.first(sector_bytes), address, sector++) !=
                Judgement::illegal) {
                continue;
            }
            Finding next = describe(judgement, rest.first<sector_bytes>(), address, now_ns);
            next.kind = right != 0 ? kind_in_part(next, address >= right) : next.kind;
            if (open.sectors != 0 && continues(open, next)) {
                ++open.sectors;
                continue;
            }
            report(open);
            open = next;
        }
    }
}

Finding Keeper::State::describe(const Judgement& judgement,
                                Sector found,
                                std::uint64_t address_bytes,
                                std::uint64_t now_ns) const noexcept {
    const Candidate& expected = judgement.expected();
    Finding out{.kind = judgement.kind_of(found, address_bytes),
                .address_bytes = address_bytes,
                .sectors = 1,
                .expected = expected.kind,
                .expected_generation = expected.kind == ContentKind::duplicate ? expected.entry
                                       : expected.kind == ContentKind::stamped ? expected.generation
                                                                               : 0,
                .reader_lane = settings_.lane,
                .seen_ns = now_ns};
    const WriteLog::One write = writes_.find(expected.generation);
    if (expected.kind == ContentKind::stamped) {
        out.written_ns = write.issued_ns;
        out.acknowledged_ns = write.acknowledged_ns;
    }
    DictionarySector entry;
    if (read_stamp(found, out.found_stamp)) {
        out.found = ContentKind::stamped;
    } else if (is_zero(found)) {
        out.found = ContentKind::zero;
    } else if (read_dictionary(found, entry)) {
        out.found = ContentKind::duplicate;
    }
    const auto sector = static_cast<std::uint32_t>(
        (address_bytes - expectation_.settings().from_bytes) % unit_bytes_ / sector_bytes);
    if (out.kind == FindingKind::corrupted && expected.kind == ContentKind::stamped) {
        out.damage = damage_of(found,
                               {.run = expectation_.settings().run,
                                .address_bytes = address_bytes,
                                .generation = expected.generation,
                                .issued_ns = write.issued_ns,
                                .lane = settings_.lane,
                                .compressible_percent = settings_.compressible_percent,
                                .canary = settings_.canary ? &*settings_.canary : nullptr},
                               write.generation != 0);
    } else if (out.kind == FindingKind::corrupted && expected.kind == ContentKind::duplicate) {
        out.damage =
            damage_of(found,
                      DictionarySector{.seed = settings_.dictionary_seed,
                                       .entry = expected.entry,
                                       .sector = sector,
                                       .compressible_percent = settings_.compressible_percent});
    }
    std::memcpy(out.cutout.data(), found.data(), sector_bytes);
    return out;
}

void Keeper::State::report(const Finding& finding) noexcept {
    if (finding.sectors != 0 && reported_.add(key_of(finding))) {
        log.add(finding);
    }
}

} // namespace bench::integrity
