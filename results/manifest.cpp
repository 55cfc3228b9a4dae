// SPDX-License-Identifier: Apache-2.0
#include "results/manifest.h"

#include "results/record_error.h"
#include "results/whole_file.h"

#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <sstream>

namespace results {

namespace fs = std::filesystem;

namespace {

constexpr const char* manifest_name = "SHA256SUMS";

std::map<std::string, std::string> sums_of(const std::string& folder) {
    std::map<std::string, std::string> out; // Name below the folder -> digest.
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = entry.path().lexically_relative(folder).generic_string();
        if (entry.is_directory() || name == manifest_name) {
            continue;
        }
        if (!entry.is_regular_file() || entry.is_symlink()) {
            out[name] = "not a regular file";
            continue;
        }
        out[name] = sha256_hex(read_whole_file(entry.path().string(), 16 * record_bytes_max));
    }
    return out;
}

} // namespace

void write_manifest(const std::string& folder) {
    std::string text;
    for (const auto& [name, digest] : sums_of(folder)) {
        text += fmt::format("{}  {}\n", digest, name);
    }
    write_whole_file(folder + "/" + manifest_name, text);
}

std::vector<std::string> manifest_problems(const std::string& folder) {
    const std::string path = folder + "/" + manifest_name;
    std::istringstream lines(read_whole_file(path));
    auto found = sums_of(folder);
    std::vector<std::string> out;
    constexpr std::size_t digest_size = 64;
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.size() < digest_size + 3 || line.substr(digest_size, 2) != "  ") {
            out.push_back(fmt::format("{} line {}: not a digest and a name", path, number));
            continue;
        }
        const std::string name = line.substr(digest_size + 2);
        const auto file = found.find(name);
        if (file == found.end()) {
            out.push_back(fmt::format("{}: listed in {} but missing", name, manifest_name));
            continue;
        }
        if (file->second != line.substr(0, digest_size)) {
            out.push_back(fmt::format("{}: altered since the manifest was written", name));
        }
        found.erase(file);
    }
    for (const auto& [name, digest] : found) {
        out.push_back(fmt::format("{}: not listed in {}", name, manifest_name));
    }
    return out;
}

} // namespace results
