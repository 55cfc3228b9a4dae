// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/expectation_files.h"

#include "results/folder_files.h"
#include "results/record_error.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string_view>

namespace bench::campaign {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "expectation-";
constexpr std::string_view suffix = ".bin";
constexpr std::string_view host_mark = ".host-";
constexpr std::string_view count_mark = "-of-";

std::optional<std::uint32_t> whole_number(std::string_view text) {
    std::uint32_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional<std::uint32_t>(out) : std::nullopt;
}

// Of "NAME.host-2-of-4": {1, 4}; of any other name that of one host.
HostShare share_in(std::string_view name) {
    const std::size_t mark = name.rfind(host_mark);
    if (mark == std::string_view::npos) {
        return {};
    }
    const std::string_view text = name.substr(mark + host_mark.size());
    const std::size_t of = text.find(count_mark);
    if (of == std::string_view::npos) {
        return {};
    }
    const auto number = whole_number(text.substr(0, of));
    const auto count = whole_number(text.substr(of + count_mark.size()));
    const bool sane = number && count && *number >= 1 && *number <= *count && *count <= hosts_most;
    return sane ? HostShare{*number - 1, *count} : HostShare{};
}

std::string_view middle_of(std::string_view name) {
    name.remove_prefix(prefix.size());
    name.remove_suffix(suffix.size());
    return name;
}

} // namespace

std::string expectation_file_name(const std::string& array, HostShare share) {
    const std::string host =
        share.count > 1
            ? fmt::format("{}{}{}{}", host_mark, share.index + 1, count_mark, share.count)
            : "";
    return fmt::format("{}{}{}{}", prefix, array, host, suffix);
}

std::vector<ExpectationFile> expectation_files(const std::string& folder) {
    std::vector<ExpectationFile> out;
    std::error_code error;
    const fs::directory_iterator all(folder, error);
    if (error) {
        throw results::RecordError(fmt::format("{}: cannot be read: {}", folder, error.message()));
    }
    for (const auto& entry : all) {
        const std::string name = entry.path().filename().string();
        if (name.size() > prefix.size() + suffix.size() && name.starts_with(prefix) &&
            name.ends_with(suffix)) {
            out.push_back({entry.path().string(), share_in(middle_of(name))});
        }
    }
    std::sort(out.begin(), out.end(), [](const auto& one, const auto& other) {
        return one.path < other.path;
    });
    return out;
}

void copy_expectations(const std::string& from, HostShare share, const std::string& to) {
    for (const ExpectationFile& file : expectation_files(from)) {
        const std::string name = fs::path(file.path).filename().string();
        const std::string own(middle_of(name));
        const std::string kept = file.share.count > 1 ? name : expectation_file_name(own, share);
        results::copy_file_in(from, name, to, kept);
    }
}

std::set<std::uint32_t> hosts_without_part(const std::vector<HostShare>& present) {
    std::uint32_t count = 0;
    for (const HostShare& share : present) {
        count = std::max(count, share.count);
    }
    std::set<std::uint32_t> out;
    for (std::uint32_t host = 1; host <= count; ++host) {
        out.insert(host);
    }
    for (const HostShare& share : present) {
        out.erase(share.index + 1);
    }
    return out;
}

} // namespace bench::campaign
