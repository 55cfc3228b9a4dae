// SPDX-License-Identifier: Apache-2.0
#include "results/manifest.h"

#include "results/part_file.h"
#include "results/record_error.h"
#include "results/whole_file.h"

#include <fmt/format.h>
#include <map>
#include <sstream>

namespace results {

namespace {

constexpr const char* manifest_name = "SHA256SUMS";
constexpr std::size_t digest_size = 64;

const char* words_for(EntryKind kind) {
    return kind == EntryKind::link ? "a symbolic link" : "not a regular file";
}

std::map<std::string, std::string> sums_of(const std::string& folder) {
    std::map<std::string, std::string> out; // Name below the folder -> digest, or what it is.
    for (const FolderEntry& entry : entries_below(folder)) {
        if (entry.kind == EntryKind::regular_file && entry.name != manifest_name) {
            out[entry.name] = sha256_of_file_in(folder, entry.name);
        } else if (entry.kind != EntryKind::folder && entry.kind != EntryKind::regular_file) {
            out[entry.name] = words_for(entry.kind);
        }
    }
    return out;
}

} // namespace

void write_manifest(const std::string& folder) {
    std::string text;
    for (const auto& [name, digest] : sums_of(folder)) {
        if (!is_part_name(name)) { // Of a writer that was killed.
            text += fmt::format("{}  {}\n", digest, name);
        }
    }
    write_file_in(folder, manifest_name, text);
}

std::vector<std::string> manifest_problems(const std::string& folder) {
    const std::string path = folder + "/" + manifest_name;
    std::istringstream lines(read_file_in(folder, manifest_name));
    auto found = sums_of(folder);
    std::vector<std::string> out;
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
        if (file->second.size() != digest_size) {
            out.push_back(fmt::format("{}: {}, where a file was", name, file->second));
        } else if (file->second != line.substr(0, digest_size)) {
            out.push_back(fmt::format("{}: altered since the manifest was written", name));
        }
        found.erase(file);
    }
    for (const auto& [name, digest] : found) {
        if (is_part_name(name) && digest.size() == digest_size) {
            continue; // Nothing reads it.
        }
        out.push_back(digest.size() == digest_size
                          ? fmt::format("{}: not listed in {}", name, manifest_name)
                          : fmt::format("{}: {}, not listed in {}", name, digest, manifest_name));
    }
    return out;
}

} // namespace results
