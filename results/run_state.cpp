// SPDX-License-Identifier: Apache-2.0
#include "results/run_state.h"

#include "results/journal_file.h"
#include "results/record_error.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>

namespace results {

namespace fs = std::filesystem;

namespace {

// What there is of the files that make a run's folder.
struct Found {
    bool plan = false;
    bool journal = false;
    bool result = false;
    bool inputs = false; // Of a plan: what a run's folder has first.
    bool rounds = false;
};

bool is_there(const std::string& path) {
    std::error_code error;
    return fs::exists(path, error);
}

// A folder of runs, named in place of one of them.
std::string hint_within(const std::string& folder) {
    std::error_code error;
    std::string first;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string path = entry.path().string();
        if (is_there(path + "/plan.json") || is_there(path + "/result.json")) {
            first = first.empty() ? path : std::min(first, path);
        }
    }
    return first.empty() ? "" : fmt::format(" (a run lies in it: {})", first);
}

// Why this cannot be any run's folder; empty = it may be one.
std::string why_none(const std::string& folder, const Found& found) {
    constexpr const char* wanted = "wanted a run's folder, as run, load --record, import and merge "
                                   "leave it";
    std::error_code error;
    const fs::file_status status = fs::status(folder, error);
    if (folder.empty()) {
        return fmt::format("an empty name: {}", wanted);
    }
    if (status.type() == fs::file_type::not_found) {
        return fmt::format("{}: there is no such folder; {}", folder, wanted);
    }
    if (error) {
        return fmt::format("{}: cannot be read: {}", folder, error.message());
    }
    if (!fs::is_directory(status)) {
        return fmt::format("{}: is a file; {}", folder, wanted);
    }
    const fs::directory_iterator first(folder, error);
    if (error) {
        return fmt::format("{}: cannot be read: {}", folder, error.message());
    }
    if (first == fs::directory_iterator()) {
        return fmt::format("{}: is empty; {}", folder, wanted);
    }
    if (found.plan && !found.journal && !found.result && !found.rounds) {
        return fmt::format(
            "{}: not a run's folder: a plan.json, and nothing of a run of it; {}", folder, wanted);
    }
    if (!found.plan && !found.journal && !found.result && !found.inputs) {
        return fmt::format("{}: not a run's folder: no plan.json, no events.ndjson and no "
                           "result.json in it{}; {}",
                           folder,
                           hint_within(folder),
                           wanted);
    }
    return "";
}

struct Told {
    bool began = false;
    bool ended = false;
    bool torn = false;
    std::string damage;
};

std::uint64_t number_in(const JournalEntry& entry, const char* key) {
    std::uint64_t out = 0;
    const auto found = entry.fields.find(key);
    if (found != entry.fields.end()) {
        const std::string& text = found->second;
        (void)std::from_chars(text.data(), text.data() + text.size(), out);
    }
    return out;
}

// What the journal says of the run's course.
Told told_by(const std::string& path, RunLook& look) {
    Told out;
    try {
        const Journal journal = read_journal(path);
        out.torn = journal.torn;
        for (const JournalEntry& entry : journal.entries) {
            if (entry.kind == "run started" || entry.kind == "run resumed") {
                out.began = true;
                out.ended = false;
                look.rounds_planned = number_in(entry, "rounds");
            } else if (entry.kind == "run ended" || entry.kind == "run merged") {
                out.began = true;
                out.ended = true;
            } else if (entry.kind == "round finished") {
                ++look.rounds_done;
            }
        }
    } catch (const RecordError& error) {
        out.damage = error.what();
    }
    return out;
}

RunLook& set(RunState state, std::string sentence, RunLook& look) {
    look.state = state;
    look.sentence = std::move(sentence);
    return look;
}

std::string unfinished(const std::string& folder, const RunLook& look, const Told& told) {
    return fmt::format(
        "{}: this run is unfinished: {}{}. If it is not running any longer, it was cut off, and "
        "goes on with: arraybench run --resume {}",
        folder,
        rounds_text(look),
        told.torn ? ", and the last line of its journal is torn" : "",
        folder);
}

std::string copied(const std::string& folder, const char* missing) {
    return fmt::format(
        "{}: only a part of a run's folder: {}; copy the whole folder again", folder, missing);
}

} // namespace

std::string rounds_text(const RunLook& look) {
    return look.rounds_planned == 0
               ? fmt::format("{} rounds are done", look.rounds_done)
               : fmt::format("{} of {} rounds are done", look.rounds_done, look.rounds_planned);
}

RunLook look_at_run(const std::string& folder) {
    RunLook out;
    const Found found{is_there(folder + "/plan.json"),
                      is_there(folder + "/events.ndjson"),
                      is_there(folder + "/result.json"),
                      is_there(folder + "/inputs") && is_there(folder + "/rounds"),
                      is_there(folder + "/rounds")};
    out.has_manifest = is_there(folder + "/SHA256SUMS");
    if (std::string why = why_none(folder, found); !why.empty()) {
        return set(RunState::none, std::move(why), out);
    }
    if (!found.plan && !found.journal && !found.result) {
        return set(RunState::unfinished,
                   folder + ": this run is unfinished: it ended before it had read its plan, and "
                            "nothing was driven; start it anew, into another folder",
                   out);
    }
    if (!found.journal && !found.plan) {
        out.state = RunState::whole; // Nothing was planned here: imported, or an ad-hoc load.
        return out;
    }
    if (!found.plan) {
        return set(RunState::partial, copied(folder, "plan.json is missing"), out);
    }
    if (!found.journal && found.result) {
        return set(RunState::partial, copied(folder, "events.ndjson is missing"), out);
    }
    if (!found.journal) {
        return set(RunState::unfinished, unfinished(folder, out, {}), out);
    }
    const Told told = told_by(folder + "/events.ndjson", out);
    if (found.result && (told.ended || !told.damage.empty())) {
        out.state = RunState::whole; // Whether it is right is for verify to say.
        return out;
    }
    if (!told.damage.empty()) {
        return set(RunState::partial,
                   told.damage + "; the run's journal was cut or altered there, and cannot go on: "
                                 "copy the whole folder again",
                   out);
    }
    if (told.ended) {
        return set(RunState::partial,
                   copied(folder, "result.json is missing, though the run has ended"),
                   out);
    }
    return set(RunState::unfinished, unfinished(folder, out, told), out);
}

void want_whole_run(const std::string& folder) {
    const RunLook look = look_at_run(folder);
    if (look.state == RunState::none) {
        throw RecordError(look.sentence);
    }
    if (look.state != RunState::whole) {
        throw UnfinishedError(look.sentence);
    }
}

} // namespace results
