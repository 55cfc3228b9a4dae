// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/journal_file.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace tests {

// A plan over array files and library workloads, with whatever else it is to say.
struct CampaignPlan {
    std::vector<std::string> arrays; // Files.
    std::vector<std::string> workloads = {"mixed-70-30"};
    std::string more;         // Further keys, each led by a comma.
    std::string array_more{}; // The same, of each array.

    std::string write(const std::string& folder) const {
        const std::string path = folder + "/plan.json";
        std::string text = R"({"$schema": "arraybench/plan/1", "type": "compare", "seed": 7)";
        const char* between = R"(, "arrays": [)";
        for (std::size_t i = 0; i < arrays.size(); ++i) {
            text += between + std::string(R"({"name": "a)") + std::to_string(i) +
                    R"(", "file": ")" + arrays[i] + "\"" + array_more + "}";
            between = ", ";
        }
        between = R"(], "workloads": [)";
        for (const std::string& name : workloads) {
            text += between + std::string(R"({"file": ")") + source_dir() + "/profiles/workloads/" +
                    name + ".json\"}";
            between = ", ";
        }
        results::write_whole_file(path, text + "]" + more + "}");
        return path;
    }
};

inline std::string plain_array() {
    return source_dir() + "/profiles/arrays/plain.json";
}

// Until so many rounds are on the disk; false after a minute.
inline bool await_rounds(const std::string& run, std::size_t count) {
    using namespace std::chrono_literals;
    for (int look = 0; look < 3000; ++look) {
        std::error_code error;
        std::size_t found = 0;
        for (const auto& entry : std::filesystem::directory_iterator(run + "/rounds", error)) {
            found += entry.path().extension() == ".json" ? 1U : 0U;
        }
        if (found >= count) {
            return true;
        }
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

// Until the journal says so; false after a minute.
inline bool await_note(const std::string& run, const std::string& kind) {
    using namespace std::chrono_literals;
    for (int look = 0; look < 3000; ++look) {
        std::error_code error;
        if (std::filesystem::exists(run + "/events.ndjson", error) &&
            results::read_whole_file(run + "/events.ndjson").find("\"kind\":\"" + kind + "\"") !=
                std::string::npos) {
            return true;
        }
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

} // namespace tests
