// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"

#include "bench/exchange/foreign_text.h"
#include "bench/exchange/text_table.h"
#include "drivers/api/errors.h"
#include "drivers/fio/fio_terse.h"
#include "profiles/file_error.h"
#include "results/folder_files.h"
#include "results/manifest.h"
#include "results/plain_name.h"
#include "results/run_record_file.h"
#include "results/sinks.h"
#include "results/whole_file.h"

#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace bench::exchange {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t import_bytes_max = 256ULL << 20U;

Tool tool_of(std::string_view text, const std::string& name) {
    const std::string_view head = text.substr(0, 65'536); // Warnings, columns explained.
    if (head.find("\"fio version\"") != std::string_view::npos || drivers::fio::looks_terse(head)) {
        return Tool::fio;
    }
    const std::string begins = lower(head);
    if (begins.find("interval") != std::string::npos &&
        begins.find("reqrate") != std::string::npos) {
        return Tool::vdbench;
    }
    const std::string first = lower(text.substr(0, text.find('\n')));
    if (first.find("iso date") <= 1 && first.find("operation") != std::string::npos) {
        return Tool::elbencho;
    }
    throw profiles::FileError(fmt::format(
        "{}: wanted fio's json, json+ or terse output, vdbench's flatfile.html or elbencho's CSV{}",
        name,
        text.empty() ? "; the file is empty" : ""));
}

// They stand in tables, logs and names of files.
void want_labels(const results::RoundRecord& round, const std::string& file) {
    bool fits = results::is_label(round.workload) && results::is_label(round.point);
    for (const results::StreamRecord& stream : round.streams) {
        fits = fits && results::is_label(stream.name);
    }
    if (!fits) {
        throw profiles::FileError(
            fmt::format("{}: the name of a job, load point or stream holds control characters or "
                        "is longer than 512 bytes",
                        file));
    }
}

} // namespace

results::RunRecord
import_text(std::string_view bytes, const std::string& name, const ImportAsk& ask) {
    const std::string text = plain_text(bytes, name);
    results::RunRecord out;
    const fs::path path(name);
    out.id = path.stem().string();
    out.plan_name = "import of " + path.filename().string();
    const Tool tool = ask.tool == Tool::automatic ? tool_of(text, name) : ask.tool;
    switch (tool) {
    case Tool::vdbench:
        import_vdbench(text, name, out);
        break;
    case Tool::elbencho:
        import_elbencho(text, name, out);
        break;
    default:
        import_fio(text, name, out);
        break;
    }
    if (out.rounds.empty()) {
        throw profiles::FileError(fmt::format("{}: wanted at least one measurement", name));
    }
    results::ArrayRecord array;
    array.name = ask.array;
    array.emulated = false;
    array.file = path.filename().string();
    array.transport = "unknown";
    array.product = "as " + out.host["tool"] + " saw it";
    out.arrays.push_back(array);
    for (std::uint32_t i = 0; i < out.rounds.size(); ++i) {
        results::RoundRecord& round = out.rounds[i];
        round.index = i;
        round.block = i;
        round.array = ask.array;
        round.ended = "complete";
        want_labels(round, name);
        round.measures["imported"] = 1;
        out.started_utc_ns = i == 0 ? round.started_utc_ns : out.started_utc_ns;
        out.finished_utc_ns = round.started_utc_ns + round.duration_ns;
    }
    out.complete = true;
    out.not_seen.insert(out.not_seen.begin(),
                        fmt::format("imported from {}: latency counts from submission, there is no "
                                    "due time; what waited before it was sent is not in it",
                                    out.host["tool"]));
    out.not_seen.emplace_back("imported: offered load, schedule slip, data integrity and egress "
                              "were not measured");
    return out;
}

results::RunRecord import_run(const std::string& path, const ImportAsk& ask) {
    return import_text(results::read_whole_file(path, import_bytes_max), path, ask);
}

bool add_stream_without_latency(const std::string& name,
                                double count,
                                double bytes,
                                results::RoundRecord& round) {
    if (!(count > 0) && !(bytes > 0)) {
        return false;
    }
    results::StreamRecord stream;
    stream.name = name;
    stream.operation = name + ", mean and maximum only: no percentiles";
    stream.completed = whole_from<std::uint64_t>(count);
    stream.bytes = whole_from<std::uint64_t>(bytes);
    round.audit.completed += stream.completed;
    round.streams.push_back(std::move(stream));
    return true;
}

void rename_loads(const std::vector<Renaming>& points,
                  const std::vector<Renaming>& workloads,
                  results::RunRecord& run) {
    const auto rename = [&](const Renaming& one, std::string results::RoundRecord::*what) {
        std::set<std::string> names;
        for (const results::RoundRecord& round : run.rounds) {
            names.insert(round.workload);
        }
        const std::string from = one.from.empty() && names.size() == 1 ? *names.begin() : one.from;
        if (names.count(from) == 0) {
            throw drivers::UsageError(
                fmt::format("import: wanted OLD={}, with OLD one of the workloads {}",
                            one.to,
                            fmt::join(names, ", ")));
        }
        for (results::RoundRecord& round : run.rounds) {
            if (round.workload == from) {
                round.*what = one.to;
            }
        }
    };
    for (const Renaming& one : points) {
        rename(one, &results::RoundRecord::point);
    }
    for (const Renaming& one : workloads) {
        rename(one, &results::RoundRecord::workload);
    }
}

void write_run(const std::string& folder, const results::RunRecord& run) {
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
        throw drivers::UsageError(fmt::format("{}: is not empty; wanted a new folder", folder));
    }
    fs::create_directories(folder, error);
    if (error) {
        throw drivers::HostError(fmt::format("{}: cannot be made: {}", folder, error.message()));
    }
    results::make_folder_in(folder, "rounds");
    for (const results::RoundRecord& round : run.rounds) {
        results::write_round(folder, round);
    }
    results::write_result(folder, run);
    results::write_file_in(folder, "report.html", results::html_report(run));
    results::write_file_in(folder, "report.md", results::markdown_report(run));
    results::write_manifest(folder);
}

} // namespace bench::exchange
