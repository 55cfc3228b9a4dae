// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/handover.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

constexpr std::size_t number_bytes = 8;

void put_number(std::string& out, std::uint64_t number) {
    for (std::size_t i = 0; i < number_bytes; ++i) {
        out += static_cast<char>(number >> (8 * i) & 0xFFU);
    }
}

void put_text(std::string& out, std::string_view text) {
    put_number(out, text.size());
    out += text;
}

[[noreturn]] void refuse(const std::string& what) {
    throw drivers::HostError("the child that reads foreign bytes hands over " + what);
}

std::uint64_t take_number(std::string_view& bytes) {
    if (bytes.size() < number_bytes) {
        refuse("less than it says");
    }
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < number_bytes; ++i) {
        out |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    bytes.remove_prefix(number_bytes);
    return out;
}

std::string take_text(std::string_view& bytes) {
    const std::uint64_t length = take_number(bytes);
    if (length > bytes.size()) {
        refuse("less than it says");
    }
    std::string out(bytes.substr(0, length));
    bytes.remove_prefix(length);
    return out;
}

// A plain name, no way out of the folder.
bool is_leaf(std::string_view name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool is_expected(const std::string& path,
                 const std::vector<std::string>& paths,
                 const std::string& folder) {
    const std::string below = folder + "/";
    return std::find(paths.begin(), paths.end(), path) != paths.end() ||
           (!folder.empty() && path.starts_with(below) && is_leaf(path.substr(below.size())));
}

} // namespace

std::string handover_bytes(const Handover& handover) {
    std::string out;
    put_number(out, static_cast<std::uint64_t>(handover.exit_code));
    put_text(out, handover.text);
    put_number(out, handover.files.size());
    for (const auto& [path, content] : handover.files) {
        put_text(out, path);
        put_text(out, content);
    }
    return out;
}

Handover handover_from(std::string_view bytes,
                       const std::vector<std::string>& paths,
                       const std::string& folder) {
    Handover out;
    const std::uint64_t code = take_number(bytes);
    if (code > 7) {
        refuse(fmt::format("exit code {}", code));
    }
    out.exit_code = static_cast<int>(code);
    out.text = take_text(bytes);
    for (std::uint64_t left = take_number(bytes); left > 0; --left) {
        std::string path = take_text(bytes);
        if (!is_expected(path, paths, folder)) {
            refuse(fmt::format("a file that nobody asked for, \"{}\"", path));
        }
        out.files.emplace_back(std::move(path), take_text(bytes));
    }
    if (!bytes.empty()) {
        refuse("more than it says");
    }
    return out;
}

} // namespace bench::campaign
