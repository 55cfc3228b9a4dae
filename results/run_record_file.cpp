// SPDX-License-Identifier: Apache-2.0
#include "results/run_record_file.h"

#include "drivers/wire/foreign_json_file.h"
#include "results/folder_files.h"
#include "results/record_error.h"
#include "results/run_state.h"
#include "results/whole_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace results {

namespace fs = std::filesystem;

namespace {

nlohmann::json parse_stored(const std::string& text) {
    try {
        return drivers::wire::parse_foreign_json(text, drivers::wire::json_of_programs);
    } catch (const drivers::wire::JsonError& error) {
        throw RecordError(fmt::format("result.json: {}", error.what()));
    }
}

// How many rounds a result has summaries of.
std::size_t rounds_told(const std::string& result) {
    const auto json = parse_stored(result);
    const auto found = json.is_object() ? json.find("rounds") : json.end();
    return found == json.end() ? 0 : found->size();
}

} // namespace

void write_round(const std::string& folder, const RoundRecord& round) {
    write_file_in(folder, round_file_name(round), round_text(round));
}

void write_result(const std::string& folder, const RunRecord& run) {
    write_file_in(folder, "result.json", result_text(run));
}

std::vector<RoundRecord> read_rounds(const std::string& folder) {
    std::vector<RoundRecord> out;
    if (!is_there_in(folder, "rounds")) {
        return out;
    }
    for (const FolderEntry& entry : entries_of_folder_in(folder, "rounds")) {
        const std::string name = "rounds/" + entry.name;
        if (fs::path(name).extension() == ".json") {
            const std::string path = folder + "/" + name;
            out.push_back(round_from_text(read_file_in(folder, name), path));
            if (round_file_name(out.back()) != name) {
                throw RecordError(fmt::format("{}: holds round {} of array \"{}\"",
                                              path,
                                              out.back().index,
                                              out.back().array));
            }
        }
    }
    std::sort(out.begin(), out.end(), [](const RoundRecord& left, const RoundRecord& right) {
        return left.index < right.index;
    });
    return out;
}

RunRecord read_run(const std::string& folder) {
    want_whole_run(folder);
    const std::string path = folder + "/result.json";
    const std::string text = read_file_in(folder, "result.json");
    RunRecord run = result_from_text(text, path);
    run.rounds = read_rounds(folder);
    const std::size_t told = rounds_told(text);
    if (run.rounds.size() < told) {
        throw UnfinishedError(fmt::format("{}: only a part of a run's folder: {} of {} rounds are "
                                          "there; copy the whole folder again",
                                          folder,
                                          run.rounds.size(),
                                          told));
    }
    return run;
}

std::vector<std::string> result_differences(const std::string& stored,
                                            const std::string& recomputed) {
    std::vector<std::string> out;
    try {
        const auto before = parse_stored(stored);
        const auto after = parse_stored(recomputed);
        for (const auto& step : nlohmann::json::diff(before, after)) {
            const std::string path = step.at("path").get<std::string>();
            const nlohmann::json::json_pointer pointer(path);
            const std::string was = before.contains(pointer) ? before.at(pointer).dump() : "absent";
            const std::string now =
                step.contains("value") ? step.at("value").dump() : std::string("absent");
            out.push_back(fmt::format(
                "{}: stored {}, recomputed {}", path, was.substr(0, 80), now.substr(0, 80)));
        }
    } catch (const nlohmann::json::exception& error) {
        throw RecordError(fmt::format("result.json: not valid JSON: {}", error.what()));
    }
    return out;
}

} // namespace results
