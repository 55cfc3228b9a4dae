// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string_view>

namespace drivers::fio {

namespace {

// "4k", "4KiB", "4096": in powers of 1024, as fio counts where nothing else is said.
std::optional<std::uint64_t> size_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number == 0 || number > 1ULL << 40U) {
        return std::nullopt;
    }
    std::string unit(end, text.data() + text.size());
    std::transform(unit.begin(), unit.end(), unit.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    constexpr std::array<std::string_view, 9> kib = {
        "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib"};
    const auto found = std::find(kib.begin(), kib.end(), unit);
    if (found == kib.end()) {
        return unit.empty() || unit == "b" ? std::optional(number) : std::nullopt;
    }
    return number << 10U * static_cast<unsigned>((found - kib.begin()) / 3 + 1);
}

// Takes in every size of a list: "4k,8k", "4k-16k", "4k/60:64k/40". False: one is none.
bool take_sizes(const std::string& text, std::optional<Sizes>& out) {
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find_first_of(",-:", at), text.size());
        const std::string_view one = std::string_view(text).substr(at, end - at);
        at = end + 1;
        const auto size = one.empty() ? std::optional<std::uint64_t>(4096)
                                      : size_of(one.substr(0, one.find('/')));
        if (!size) {
            return false;
        }
        out = out ? Sizes{std::min(out->least_bytes, *size), std::max(out->most_bytes, *size)}
                  : Sizes{*size, *size};
    }
    return true;
}

} // namespace

std::string option_of(const JobResult& job, const Result& result, const char* name) {
    const auto own = job.options.find(name);
    if (own != job.options.end()) {
        return own->second;
    }
    const auto global = result.global_options.find(name);
    return global != result.global_options.end() ? global->second : "";
}

bool is_told(const JobResult& job, const Result& result, const char* name) {
    const bool stands = job.options.count(name) + result.global_options.count(name) > 0;
    return stands && option_of(job, result, name) != "0";
}

bool is_alone(const JobResult& job) {
    constexpr std::uint64_t least_ms = 100; // Shorter ones are beyond the clock's digits.
    std::uint64_t longest_ms = 0;
    for (const auto& [name, direction] : job.directions) {
        longest_ms = std::max(longest_ms, direction.runtime_ms);
    }
    const std::uint64_t rest_ms = std::min<std::uint64_t>(20, longest_ms / 20);
    return longest_ms >= least_ms && job.job_runtime_ms &&
           *job.job_runtime_ms <= longest_ms + rest_ms;
}

std::optional<Sizes> sizes_of(const JobResult& job, const Result& result) {
    if (job.options.empty() || !is_alone(job)) {
        return std::nullopt;
    }
    for (const char* other : {"read_iolog", "kb_base", "num_range", "zonemode", "bs_is_seq_rand"}) {
        if (is_told(job, result, other)) {
            return std::nullopt;
        }
    }
    std::optional<Sizes> out;
    for (const char* name : {"bs", "bsrange", "bssplit"}) {
        const std::string text = option_of(job, result, name);
        if (!text.empty() && !take_sizes(text, out)) {
            return std::nullopt;
        }
    }
    return out ? out : Sizes{};
}

std::uint64_t depth_of(const JobResult& job, const Result& result) {
    constexpr std::uint64_t depth_max = 65'536;
    const std::string text = option_of(job, result, "iodepth");
    std::uint64_t out = 1;
    (void)std::from_chars(text.data(), text.data() + text.size(), out);
    return std::clamp<std::uint64_t>(out, 1, depth_max);
}

double milliseconds_of(const std::string& text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::map<std::string_view, double> units = {
        {"", 1e3}, {"s", 1e3}, {"ms", 1}, {"us", 1e-3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
    const auto found = units.find(unit);
    return error == std::errc{} && found != units.end() ? number * found->second : 0;
}

} // namespace drivers::fio
