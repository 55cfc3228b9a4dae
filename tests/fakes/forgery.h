// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/journal_file.h"
#include "results/manifest.h"
#include "results/whole_file.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

// How somebody alters a run's folder who knows how its hashes are made.
namespace tests {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

inline Json parsed(const std::string& path) {
    return Json::parse(results::read_whole_file(path));
}

inline void put(const std::string& path, const Json& json) {
    results::write_whole_file(path, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// The journal written anew, its chain whole: as who forges a folder would.
inline void chain_again(const std::string& run,
                        const std::function<void(results::JournalEntry&)>& alter) {
    const std::string path = run + "/events.ndjson";
    auto entries = results::read_journal(path).entries;
    fs::remove(path);
    results::JournalWriter writer(path);
    for (results::JournalEntry& entry : entries) {
        alter(entry);
        writer.append(entry.kind, entry.fields, entry.at);
    }
}

// So that nothing but what was altered shows.
inline void hash_again(const std::string& run) {
    std::map<std::string, std::string> rounds;
    for (const auto& file : fs::directory_iterator(run + "/rounds")) {
        const std::string name = file.path().filename().string();
        rounds[std::to_string(std::strtoul(name.c_str(), nullptr, 10))] =
            results::sha256_of_file_in(run, "rounds/" + name);
    }
    chain_again(run, [&](results::JournalEntry& entry) {
        const auto found = rounds.find(entry.field("index"));
        if (found != rounds.end() && entry.fields.count("sha256") == 1) {
            entry.fields["sha256"] = found->second;
        }
    });
    results::write_manifest(run);
}

using Chance = std::mt19937_64;

inline std::size_t below(std::size_t bound, Chance& chance) {
    return static_cast<std::size_t>(chance() % bound);
}

// A value somewhere within, the deeper ones as likely as the others.
inline Json& some_value(Json& root, Chance& chance) {
    Json* at = &root;
    while (at->is_structured() && !at->empty()) {
        at = &*std::next(at->begin(), static_cast<std::ptrdiff_t>(below(at->size(), chance)));
        if (below(4, chance) == 0) {
            break;
        }
    }
    return *at;
}

inline std::string alter(Json& root, Chance& chance) {
    static const std::vector<Json> wrong{nullptr,
                                         true,
                                         -1,
                                         0,
                                         1,
                                         18446744073709551615ULL,
                                         -9223372036854775807LL,
                                         1e308,
                                         -0.5,
                                         "",
                                         "NaN",
                                         "../../../etc/passwd",
                                         std::string("a\0b\n\x1b[2J", 8),
                                         std::string(100'000, 'x'),
                                         Json::array(),
                                         Json::object(),
                                         Json::array({Json::array({1, 2}), nullptr}),
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "complete"};
    Json& at = some_value(root, chance);
    if (at.is_object() && !at.empty() && below(3, chance) != 0) {
        const auto key =
            std::next(at.begin(), static_cast<std::ptrdiff_t>(below(at.size(), chance))).key();
        at.erase(key);
        return "without " + key;
    }
    if (at.is_array() && !at.empty() && below(2, chance) == 0) {
        at.push_back(at[below(at.size(), chance)]);
        return "one twice";
    }
    const Json& now = wrong[below(wrong.size(), chance)];
    const std::string was = at.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60);
    at = now;
    return was + " now " + now.dump().substr(0, 60);
}

// What no JSON library would write: cut, a key twice, a number that none can hold, a nest without
// end, bytes that are no text.
inline std::string alter_text(std::string& text, Chance& chance) {
    const std::size_t at = text.empty() ? 0 : below(text.size(), chance);
    switch (below(6, chance)) {
    case 0:
        text.resize(at);
        return "cut at " + std::to_string(at);
    case 1: {
        const std::size_t open = text.find('{', at);
        const std::size_t colon = open == std::string::npos ? open : text.find(':', open);
        if (colon == std::string::npos) {
            return "nothing";
        }
        const std::string key = text.substr(open + 1, colon - open - 1);
        text.insert(open + 1, key + ": 1, ");
        return "twice " + key.substr(0, 60);
    }
    case 2: {
        static const std::vector<std::string> numbers{"18446744073709551616",
                                                      "-9223372036854775809",
                                                      "1e999",
                                                      std::string(5000, '9'),
                                                      "-1",
                                                      "0.1",
                                                      "9007199254740993"};
        const std::size_t from = text.find_first_of("0123456789", at);
        if (from == std::string::npos) {
            return "nothing";
        }
        const std::size_t end = text.find_first_not_of("0123456789", from);
        const std::string& number = numbers[below(numbers.size(), chance)];
        text.replace(from, (end == std::string::npos ? text.size() : end) - from, number);
        return "the number " + number.substr(0, 30) + " at " + std::to_string(from);
    }
    case 3: {
        const std::size_t colon = text.find(':', at);
        if (colon == std::string::npos) {
            return "nothing";
        }
        const bool ends = below(2, chance) == 0;
        const std::size_t deep = 100'000;
        std::string nest(deep, '[');
        for (std::size_t i = 0; ends && i < deep; ++i) {
            nest += ']';
        }
        text.insert(colon + 1, nest + (ends ? ", \"x\": " : ""));
        return "a nest at " + std::to_string(colon);
    }
    case 4:
        text.insert(at, std::string("\0\xff\xc0\x80\xed\xa0\x80", 7));
        return "no text at " + std::to_string(at);
    default:
        text += text.substr(at);
        return "its end twice, from " + std::to_string(at);
    }
}

// One altered thing in one file of these, and all hashes anew.
inline std::string
forge(const std::string& run, const std::vector<std::string>& files, Chance& chance) {
    const std::string name = files[below(files.size(), chance)];
    std::string how;
    if (name == "events.ndjson") {
        const std::size_t which = below(5, chance);
        chain_again(run, [&](results::JournalEntry& entry) {
            if (entry.number != which) {
                return;
            }
            Json fields = entry.fields;
            how = alter(fields, chance);
            entry.fields.clear();
            for (const auto& [key, value] : fields.items()) {
                entry.fields[key] = value.is_string() ? value.get<std::string>() : value.dump();
            }
        });
    } else {
        Json json = parsed(run + "/" + name);
        how = alter(json, chance);
        put(run + "/" + name, json);
    }
    if (name.starts_with("rounds/")) {
        hash_again(run);
    } else if (name == "plan.json") {
        Json result = parsed(run + "/result.json");
        result["plan_sha256"] = results::sha256_of_file_in(run, "plan.json");
        put(run + "/result.json", result);
    }
    results::write_manifest(run);
    return name + ": " + how;
}

inline std::string forge(const std::string& run, Chance& chance) {
    static const std::vector<std::string> files{"result.json",
                                                "result.json",
                                                "rounds/000-a0.json",
                                                "rounds/001-a1.json",
                                                "rounds/002-a1.json",
                                                "plan.json",
                                                "host.json",
                                                "integrity.json",
                                                "inputs/array-a0.json",
                                                "events.ndjson"};
    return forge(run, files, chance);
}

// The same of its text, whatever file it is, or of what stands in its place.
inline std::string
forge_text(const std::string& run, const std::vector<std::string>& files, Chance& chance) {
    const std::string name = files[below(files.size(), chance)];
    const std::string path = run + "/" + name;
    std::string how;
    switch (below(8, chance)) {
    case 0: {
        static const std::vector<std::string> targets{"/etc/passwd", "/dev/zero", "plan.json", "."};
        const std::string& target = targets[below(targets.size(), chance)];
        fs::remove(path);
        fs::create_symlink(target, path);
        return name + ": a link to " + target;
    }
    case 1:
        fs::remove(path);
        fs::create_directory(path);
        return name + ": a folder";
    default:
        break;
    }
    std::string text = results::read_whole_file(path);
    how = alter_text(text, chance);
    results::write_whole_file(path, text);
    if (name.starts_with("rounds/")) {
        hash_again(run);
    }
    results::write_manifest(run);
    return name + ": " + how;
}

} // namespace tests
