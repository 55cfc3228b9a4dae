// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/histogram.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <new>

namespace results {

namespace {

__extension__ using Wide = unsigned __int128;
constexpr long double two_to_64 = 18446744073709551616.0L;

} // namespace

Histogram::Histogram() {
    static_assert(bin_of(longest_ns) + 1 == bin_count);
    spread();
}

Histogram::Histogram(const Histogram& other) {
    if (other.counts_) {
        spread();
        merge(other);
    } else {
        copy_compact(other);
    }
}

void Histogram::Unmap::operator()(std::uint64_t* counts) const noexcept {
    ::munmap(counts, bin_count * sizeof(std::uint64_t));
}

void Histogram::spread() {
    void* memory = ::mmap(nullptr,
                          bin_count * sizeof(std::uint64_t),
                          PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                          -1,
                          0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    counts_.reset(static_cast<std::uint64_t*>(memory));
    for (const auto& [bin, times] : compact_) {
        counts_[bin] = times;
    }
    compact_ = {};
}

void Histogram::copy_compact(const Histogram& other) {
    compact_ = other.compact_;
    count_ = other.count_;
    overflow_ = other.overflow_;
    min_ns_ = other.min_ns_;
    max_ns_ = other.max_ns_;
    sum_low_ = other.sum_low_;
    sum_high_ = other.sum_high_;
}

template <typename Each>
bool Histogram::for_each_bin(Each each) const {
    if (!counts_) {
        return std::all_of(compact_.begin(), compact_.end(), [&](const auto& bin) {
            return each(std::size_t{bin.first}, bin.second);
        });
    }
    const auto [first, last] = used_bins();
    for (std::size_t bin = first; bin < last; ++bin) {
        if (counts_[bin] != 0 && !each(bin, counts_[bin])) {
            return false;
        }
    }
    return true;
}

Histogram& Histogram::operator=(const Histogram& other) {
    if (this != &other) {
        *this = Histogram(other);
    }
    return *this;
}

std::uint64_t Histogram::lower_edge_ns(std::size_t bin) noexcept {
    constexpr std::size_t half = std::size_t{1} << (digit_bits - 1);
    const std::size_t shift = bin < 2 * half ? 0 : (bin / half - 1) & 63U;
    return std::uint64_t{bin - shift * half} << shift;
}

std::uint64_t Histogram::upper_edge_ns(std::size_t bin) noexcept {
    return lower_edge_ns(bin + 1) - 1;
}

std::uint64_t Histogram::bin_upper_edge_ns(std::uint64_t lower_edge_ns) noexcept {
    return upper_edge_ns(bin_of(std::min(lower_edge_ns, longest_ns)));
}

std::pair<std::size_t, std::size_t> Histogram::used_bins() const noexcept {
    if (count_ == overflow_) {
        return {0, 0};
    }
    return {bin_of(min_ns_), bin_of(std::min(max_ns_, longest_ns)) + 1};
}

void Histogram::add_product_to_sum(std::uint64_t value_ns, std::uint64_t times) noexcept {
    const Wide product = Wide{value_ns} * times;
    add_to_sum(static_cast<std::uint64_t>(product), static_cast<std::uint64_t>(product >> 64U));
}

void Histogram::merge(const Histogram& other) noexcept {
    if (!counts_ && other.count_ != other.overflow_) {
        spread();
    }
    // A page that nobody counted in stays untouched here.
    (void)other.for_each_bin([this](std::size_t bin, std::uint64_t times) {
        counts_[bin] += times;
        return true;
    });
    count_ += other.count_;
    overflow_ += other.overflow_;
    min_ns_ = std::min(min_ns_, other.min_ns_);
    max_ns_ = std::max(max_ns_, other.max_ns_);
    add_to_sum(other.sum_low_, other.sum_high_);
}

void Histogram::clear() noexcept {
    if (counts_) {
        const auto [first, last] = used_bins();
        std::fill(counts_.get() + first, counts_.get() + last, 0);
    }
    compact_.clear();
    count_ = overflow_ = max_ns_ = sum_low_ = sum_high_ = 0;
    min_ns_ = ~0ULL;
}

std::uint64_t Histogram::min_ns() const noexcept {
    return count_ == 0 ? 0 : min_ns_;
}

std::uint64_t Histogram::max_ns() const noexcept {
    return max_ns_;
}

long double Histogram::sum_ns() const noexcept {
    return static_cast<long double>(sum_high_) * two_to_64 + static_cast<long double>(sum_low_);
}

double Histogram::mean_ns() const noexcept {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_ns() / static_cast<long double>(count_));
}

Histogram::Place Histogram::place_of(double quantile) const noexcept {
    // A hair below the product, so that 0.9 of 10 samples is the 9th although 0.9 is inexact.
    const double wanted = quantile * static_cast<double>(count_) * (1.0 - 1e-12);
    const std::uint64_t rank =
        std::clamp(static_cast<std::uint64_t>(std::ceil(std::max(wanted, 0.0))),
                   std::uint64_t{1},
                   std::max(count_, std::uint64_t{1}));
    Place place;
    const bool is_in_overflow = for_each_bin([&](std::size_t bin, std::uint64_t times) {
        place.through += times;
        place.bin = bin;
        return place.through < rank;
    });
    return is_in_overflow ? Place{bin_count, count_} : place;
}

std::uint64_t Histogram::quantile_ns(double quantile) const noexcept {
    if (count_ == 0) {
        return 0;
    }
    if (!(quantile > 0)) {
        return min_ns_;
    }
    const Place place = quantile < 1 ? place_of(quantile) : Place{};
    if (place.bin == bin_count) {
        return max_ns_;
    }
    return std::min(upper_edge_ns(place.bin), max_ns_);
}

std::uint64_t Histogram::samples_above(double quantile) const noexcept {
    if (count_ == 0 || !(quantile < 1)) {
        return 0;
    }
    return count_ - place_of(quantile).through;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Histogram::bins() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
    (void)for_each_bin([&](std::size_t bin, std::uint64_t times) {
        out.emplace_back(lower_edge_ns(bin), times);
        return true;
    });
    return out;
}

void Histogram::set_ends(std::uint64_t min_ns, std::uint64_t max_ns, long double sum_ns) noexcept {
    min_ns_ = min_ns;
    max_ns_ = max_ns;
    const long double high = std::floor(sum_ns / two_to_64);
    sum_high_ = static_cast<std::uint64_t>(high);
    sum_low_ = static_cast<std::uint64_t>(sum_ns - high * two_to_64);
}

// NOLINTNEXTLINE(readability-function-size): these six values are what a file has.
bool Histogram::from_bins(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& bins,
                          std::uint64_t overflow,
                          std::uint64_t min_ns,
                          std::uint64_t max_ns,
                          long double sum_ns,
                          Histogram& out) {
    Histogram read;
    read.counts_.reset();
    read.compact_.reserve(bins.size());
    std::size_t next_bin = 0;
    for (const auto& [edge_ns, times] : bins) {
        const std::size_t bin = edge_ns <= longest_ns ? bin_of(edge_ns) : bin_count;
        if (bin == bin_count || bin < next_bin || lower_edge_ns(bin) != edge_ns || times == 0 ||
            read.count_ + times < times) {
            return false;
        }
        read.compact_.emplace_back(static_cast<std::uint32_t>(bin), times);
        read.count_ += times;
        next_bin = bin + 1;
    }
    const bool counted = read.count_ > 0;
    read.count_ += overflow;
    read.overflow_ = overflow;
    if (read.count_ < overflow || !(sum_ns >= 0) || !(sum_ns < two_to_64 * two_to_64)) {
        return false;
    }
    if (read.count_ > 0) {
        const bool first_fits =
            counted ? min_ns <= longest_ns && lower_edge_ns(bin_of(min_ns)) == bins.front().first
                    : min_ns > longest_ns;
        const bool last_fits =
            overflow > 0
                ? max_ns > longest_ns
                : max_ns <= longest_ns && lower_edge_ns(bin_of(max_ns)) == bins.back().first;
        if (!first_fits || !last_fits || min_ns > max_ns) {
            return false;
        }
        read.set_ends(min_ns, max_ns, sum_ns);
    }
    out = std::move(read);
    return true;
}

bool Histogram::operator==(const Histogram& other) const noexcept {
    const auto same_ends = count_ == other.count_ && overflow_ == other.overflow_ &&
                           min_ns_ == other.min_ns_ && max_ns_ == other.max_ns_ &&
                           sum_low_ == other.sum_low_ && sum_high_ == other.sum_high_;
    return same_ends && bins() == other.bins();
}

} // namespace results
