// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_scan.h"

#include <algorithm>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bench::egress {

CanaryScan::CanaryScan(const integrity::CanaryMarker& marker)
    : marker_(marker)
    , multiplier_(static_cast<std::uint32_t>(integrity::drawn_secret()[0]) | 1U)
    , encodings_(all_encodings())
    , first_(std::size_t{1} << table_bits, none)
    , next_(encodings_.size(), none) {
    for (const Encoding& encoding : encodings_) {
        patterns_.push_back(pattern_of(encoding, marker));
        longest_ = std::max(longest_, patterns_.back().size());
    }
    window_ = std::min_element(patterns_.begin(),
                               patterns_.end(),
                               [](const std::string& left, const std::string& right) {
                                   return left.size() < right.size();
                               })
                  ->size();
    const std::size_t last = window_ - block_bytes;
    shift_.assign(std::size_t{1} << table_bits, static_cast<std::uint8_t>(last + 1));
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
        const Bytes pattern = std::as_bytes(std::span(patterns_[i]));
        for (std::size_t at = 0; at <= last; ++at) {
            std::uint8_t& shift = shift_[slot_of(pattern.data() + at)];
            shift = std::min(shift, static_cast<std::uint8_t>(last - at));
        }
        last_blocks_.push_back(value_of(pattern.data() + last));
        const std::size_t slot = slot_of(pattern.data() + last);
        next_[i] = first_[slot];
        first_[slot] = static_cast<std::uint16_t>(i);
    }
}

std::uint32_t CanaryScan::value_of(const std::byte* block) noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, block, sizeof value);
    return value;
}

std::size_t CanaryScan::slot_of(const std::byte* block) const noexcept {
    return (value_of(block) * multiplier_) >> (32 - table_bits);
}

void CanaryScan::verify(Bytes all, std::size_t block, std::vector<Sighting>& out) const {
    const std::size_t at = block - (window_ - block_bytes);
    const std::uint32_t value = value_of(all.data() + block);
    for (std::uint16_t i = first_[slot_of(all.data() + block)]; i != none; i = next_[i]) {
        const std::string& pattern = patterns_[i];
        if (last_blocks_[i] == value && pattern.size() <= all.size() - at &&
            std::memcmp(all.data() + at, pattern.data(), pattern.size()) == 0) {
            out.push_back({at, i, 0});
        }
    }
}

// Two walks at once, each through its half: one waits for the table while the other computes.
void CanaryScan::find_patterns(Bytes all, std::size_t from, std::vector<Sighting>& out) const {
    if (all.size() < from + window_) {
        return;
    }
    const std::byte* data = all.data();
    const std::size_t end = all.size() - block_bytes + 1;
    std::size_t left = from + window_ - block_bytes;
    const std::size_t middle = left + (end - left) / 2;
    std::size_t right = middle;
    while (left < middle && right < end) {
        const std::uint8_t step_left = shift_[slot_of(data + left)];
        const std::uint8_t step_right = shift_[slot_of(data + right)];
        if ((step_left == 0) | (step_right == 0)) {
            if (step_left == 0) {
                verify(all, left, out);
            }
            if (step_right == 0) {
                verify(all, right, out);
            }
        }
        left += std::max<std::size_t>(step_left, 1);
        right += std::max<std::size_t>(step_right, 1);
    }
    const auto walk = [&](std::size_t at, std::size_t to) {
        while (at < to) {
            const std::uint8_t step = shift_[slot_of(data + at)];
            if (step == 0) {
                verify(all, at, out);
            }
            at += std::max<std::size_t>(step, 1);
        }
    };
    walk(left, middle);
    walk(right, end);
}

bool CanaryScan::is_xor(const std::byte* at) const noexcept {
    const std::byte key = at[0] ^ marker_[0];
    return key != std::byte{0} &&
           std::equal(marker_.begin(), marker_.end(), at, [key](std::byte left, std::byte right) {
               return (left ^ key) == right;
           });
}

void CanaryScan::find_xor(Bytes all, std::size_t from, std::vector<Sighting>& out) const {
    if (all.size() < from + marker_.size()) {
        return;
    }
    const std::byte* data = all.data();
    const std::size_t end = all.size() - marker_.size() + 1;
    std::size_t at = from;
    const auto check = [&](std::size_t where) {
        if (where < end && is_xor(data + where)) {
            out.push_back({where, 0, std::to_integer<std::uint8_t>(data[where] ^ marker_[0])});
        }
    };
#if defined(__SSE2__)
    const auto load = [data](std::size_t where) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(
            data + where)); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    };
    const auto difference = [this](std::size_t i) {
        return _mm_set1_epi8(std::to_integer<char>(marker_[i] ^ marker_[i + 1]));
    };
    const __m128i first = difference(0);
    const __m128i second = difference(1);
    for (; at + 18 <= all.size(); at += 16) {
        const __m128i here = load(at);
        const __m128i one_on = load(at + 1);
        const __m128i two_on = load(at + 2);
        const __m128i hits = _mm_and_si128(_mm_cmpeq_epi8(_mm_xor_si128(here, one_on), first),
                                           _mm_cmpeq_epi8(_mm_xor_si128(one_on, two_on), second));
        for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)); mask != 0;
             mask &= mask - 1) {
            check(at + static_cast<std::size_t>(__builtin_ctz(mask)));
        }
    }
#endif
    for (; at < end; ++at) {
        check(at);
    }
}

void CanaryScan::find(Bytes all, std::size_t from, std::vector<Sighting>& out) const {
    find_patterns(all, from, out);
    find_xor(all, from, out);
}

} // namespace bench::egress
