// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/store.h"

#include "profiles/file_error.h"

#include <algorithm>
#include <fmt/format.h>

namespace profiles::interception {

namespace {

constexpr std::uint64_t mib = 1U << 20U;
constexpr double index_share = 0.06;
constexpr std::uint64_t segments_per_writer_min = 4;

std::uint64_t rounded(double bytes, std::uint64_t least) {
    return std::max(least, static_cast<std::uint64_t>(bytes) / mib * mib);
}

} // namespace

Store::Store(const Parameters& parameters,
             const WorkingSet& set,
             std::uint32_t writers,
             std::uint32_t cases,
             std::uint64_t seed) {
    const auto size = static_cast<double>(set.size_bytes);
    journal_bytes_ = rounded(std::min(8.0 * mib, size * 0.02 / writers), mib);
    std::uint64_t at = set.from_bytes;
    const auto place = [&](std::uint64_t bytes) {
        const Region out{at, bytes};
        at += bytes;
        return out;
    };
    journals_ = place(journal_bytes_ * writers);
    log_ = place(rounded(size * 0.01, mib));
    index_ = place(rounded(size * index_share, mib));
    seals_ = place(rounded(size * 0.01, mib));
    const std::uint64_t end = set.from_bytes + set.size_bytes;
    const std::uint64_t count = end > at ? (end - at) / segment_bytes : 0;
    if (count < segments_per_writer_min * writers + segments_per_writer_min) {
        throw FileError(fmt::format(
            "the working set of {} MiB is too small for {} writers: wanted at least {} MiB",
            set.size_bytes / mib,
            writers,
            ((at - set.from_bytes) + segment_bytes * segments_per_writer_min * (writers + 1)) /
                    mib +
                1));
    }
    content_ = {at, count * segment_bytes};
    segments_.resize(count);
    case_heads_.assign(std::max(cases, 1U), none);
    ages_.resize(2 * count + 1);
    Random random(mixed(seed ^ 0x5707E));
    level_ = std::min<std::size_t>(
        static_cast<std::size_t>(static_cast<double>(count) * parameters.storage.retained_share),
        count - segments_per_writer_min * writers);
    for (std::uint32_t segment = 0; segment < level_; ++segment) {
        segments_[segment].of_case = static_cast<std::uint32_t>(random.below(case_heads_.size()));
        retain(segment);
    }
    for (std::uint64_t segment = count; segment > level_; --segment) {
        free_.push_back(static_cast<std::uint32_t>(segment - 1));
    }
}

Region Store::journal(std::uint32_t writer) const noexcept {
    return {journals_.from_bytes + writer * journal_bytes_, journal_bytes_};
}

void Store::link(std::uint32_t segment) noexcept {
    Segment& entry = segments_[segment];
    std::uint32_t& head = case_heads_[entry.of_case];
    entry.next_of_case = head;
    entry.previous_of_case = none;
    if (head != none) {
        segments_[head].previous_of_case = segment;
    }
    head = segment;
    entry.retained = true;
    ++age_count_;
}

void Store::unlink(std::uint32_t segment) noexcept {
    Segment& entry = segments_[segment];
    if (entry.previous_of_case == none) {
        case_heads_[entry.of_case] = entry.next_of_case;
    } else {
        segments_[entry.previous_of_case].next_of_case = entry.next_of_case;
    }
    if (entry.next_of_case != none) {
        segments_[entry.next_of_case].previous_of_case = entry.previous_of_case;
    }
    entry.retained = false;
    --age_count_;
}

void Store::skip_gone() noexcept {
    while (age_used_ > 0 && !is_current(ages_[age_first_])) {
        age_first_ = (age_first_ + 1) % ages_.size();
        --age_used_;
    }
}

void Store::retain(std::uint32_t segment) noexcept {
    link(segment);
    if (age_used_ == ages_.size()) { // Squeeze out what was purged.
        std::rotate(
            ages_.begin(), ages_.begin() + static_cast<std::ptrdiff_t>(age_first_), ages_.end());
        const auto kept = std::remove_if(
            ages_.begin(), ages_.end(), [this](const Aged& entry) { return !is_current(entry); });
        age_used_ = static_cast<std::size_t>(kept - ages_.begin());
        age_first_ = 0;
    }
    segments_[segment].stamp = ++stamps_;
    ages_[(age_first_ + age_used_) % ages_.size()] = {segment, stamps_};
    ++age_used_;
}

std::uint32_t Store::open_segment(std::uint32_t for_case) noexcept {
    std::uint32_t segment = 0;
    if (!free_.empty()) {
        segment = free_.back();
        free_.pop_back();
    } else {
        skip_gone();
        segment = ages_[age_first_].segment;
        unlink(segment);
        skip_gone();
        ++recycled_;
    }
    segments_[segment].of_case = for_case % static_cast<std::uint32_t>(case_heads_.size());
    return segment;
}

std::uint32_t Store::by_rank(std::size_t rank) const noexcept {
    if (age_used_ == 0) {
        return 0;
    }
    // A purged entry lends its place to the next older one: ranks are approximate where much was
    // purged.
    for (std::size_t back = std::min(rank, age_used_ - 1); back < age_used_; ++back) {
        const Aged& entry = ages_[(age_first_ + age_used_ - 1 - back) % ages_.size()];
        if (is_current(entry)) {
            return entry.segment;
        }
    }
    return ages_[(age_first_ + age_used_ - 1) % ages_.size()].segment;
}

bool Store::take_of_case(std::uint32_t of_case, std::uint32_t& segment) noexcept {
    const std::uint32_t head = case_heads_[of_case % case_heads_.size()];
    if (head == none) {
        return false;
    }
    segment = head;
    unlink(head);
    return true;
}

} // namespace profiles::interception
