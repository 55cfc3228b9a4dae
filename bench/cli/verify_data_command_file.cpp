// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/expectation_files.h"
#include "bench/cli/command.h"
#include "bench/cli/driver_options.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "bench/integrity/read_back.h"
#include "bench/integrity/written_lun.h"
#include "bench/judge/exit_code.h"
#include "bench/load/lane_keepers.h"
#include "bench/measure/failure_words.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/driver_end.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/wire/foreign_json_file.h"
#include "profiles/file_error.h"
#include "profiles/units.h"
#include "results/folder_files.h"
#include "results/record_error.h"
#include "results/round_merge.h"
#include "results/run_state.h"
#include "results/whole_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <set>

namespace bench::cli {

int verify_data_command(const Arguments& arguments);

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench verify-data [OPTION]... RUN URL\n\n"
    "Reads a LUN back and holds every block against what a run says it must hold. RUN is the "
    "run's\n"
    "folder, one of its expectation-*.bin, or what load --expectation left; of several hosts' run "
    "every\n"
    "host's part counts. Writes nothing. Exit 1 if a block is wrong, 6 if a host's part is missing "
    "or\n"
    "the run ended before it said what a LUN must hold, 7 if there was nothing to check.\n\n"
    "  arraybench verify-data results/runs/20260101T120000Z-demo-1a2b \\\n"
    "      iscsi://10.0.0.5/iqn.2006-08.com.example:a/1 --cache-size 512GiB\n\n";

// What a run says one LUN must hold, of every host that wrote it.
struct Known {
    std::vector<std::unique_ptr<integrity::Expectation>> parts;
    std::set<std::uint32_t> hosts_missing; // Their parts are not in the run.
    std::string coverage;                  // Of an unfinished run: how much of it this is.
    std::string growth;                    // How the LUN has grown since; empty = it has not.
    bool keeps_geometry = true;            // Else whether it has is not known.
    bool by_several = false;               // Each part knows what its own host wrote, no more.
};

// Whose part a run's own expectation is, as the run says: of one host's, all.
campaign::HostShare share_of(const std::string& run) {
    const fs::path path = fs::path(run) / "host.json";
    if (!fs::is_directory(run) || !results::is_there_in(run, "host.json")) {
        return {};
    }
    nlohmann::json host;
    try {
        host = drivers::wire::parse_foreign_json(results::read_file_in(run, "host.json"));
    } catch (const drivers::wire::JsonError& error) {
        throw results::RecordError(fmt::format("{}: {}", path.string(), error.what()));
    }
    if (!host.is_object()) {
        throw results::RecordError(fmt::format("{}: wanted an object", path.string()));
    }
    const auto number = [&host](const char* key) -> unsigned long { // "4", or of "2/4" the 2.
        const auto found = host.find(key);
        return found != host.end() && found->is_string()
                   ? std::strtoul(found->get_ref<const std::string&>().c_str(), nullptr, 10)
                   : 1;
    };
    constexpr unsigned long most = campaign::hosts_most;
    const auto count = static_cast<std::uint32_t>(std::clamp(number("hosts"), 1UL, most));
    const auto own = static_cast<std::uint32_t>(std::clamp(number(results::shard_key), 1UL, most));
    return {std::min(own, count) - 1, count};
}

// A run's folder in which nothing says what any LUN must hold: why, and what to do.
[[noreturn]] void refuse_without(const std::string& run, const results::RunLook& look) {
    bool was_verified = false;
    try {
        was_verified = results::is_there_in(run, "plan.json") &&
                       plan::read_plan_in(run).verify != plan::VerifyData::none;
    } catch (const profiles::FileError&) {
        was_verified = true; // What was planned is not known.
    } catch (const results::RecordError&) {
        was_verified = true;
    }
    if (was_verified) {
        throw results::UnfinishedError(fmt::format(
            "{}: this run ended before its expectation was written{}: nothing says what a LUN must "
            "hold; go on with: arraybench run --resume {}",
            run,
            look.state == results::RunState::unfinished
                ? " (" + results::rounds_text(look) + ")"
                : ", or its expectation-*.bin were not copied",
            run));
    }
    throw drivers::UsageError(
        fmt::format("{}: it was run without verification: nothing says what a LUN must hold", run));
}

Known known_of(const std::string& run, const drivers::LunReport& report) {
    const drivers::LunMark now = drivers::mark_of(report.identity, report.geometry);
    const std::string lun = integrity::written_name(now);
    const results::RunLook look = results::look_at_run(run);
    const bool is_file = fs::is_regular_file(run);
    if (!is_file && look.state == results::RunState::none) {
        throw drivers::UsageError(look.sentence);
    }
    const campaign::HostShare own = share_of(run);
    Known out;
    if (!is_file && look.state == results::RunState::unfinished) {
        out.coverage = fmt::format("an unfinished run, of which {}: what it wrote after the last "
                                   "of them is not known",
                                   results::rounds_text(look));
    }
    std::vector<campaign::HostShare> shares;
    std::set<std::string> others;
    for (const campaign::ExpectationFile& file :
         fs::is_directory(run)
             ? campaign::expectation_files(run)
             : std::vector<campaign::ExpectationFile>{{fs::canonical(run).string(), {}}}) {
        auto part = integrity::Expectation::load(file.path, [&](const auto& written) {
            const bool is_of_it = integrity::is_of_lun(written, now);
            if (is_of_it) {
                const std::string growth = integrity::growth_since_written(written, file.path, now);
                out.growth = growth.empty() ? out.growth : growth;
                out.keeps_geometry = out.keeps_geometry && written.block_bytes != 0;
            } else {
                others.insert(
                    fmt::format("{} ({})", written.lun, fs::path(file.path).filename().string()));
            }
            return is_of_it;
        });
        if (part) {
            out.parts.push_back(std::move(part));
            shares.push_back(file.share.count > 1 ? file.share : own);
        }
    }
    if (out.parts.empty() && !others.empty()) {
        throw drivers::SafetyError(
            fmt::format("{}: nothing in it says what LUN {} must hold, only what {} must{}",
                        run,
                        lun,
                        fmt::join(others, ", "),
                        out.coverage.empty() ? "" : "; it is of " + out.coverage));
    }
    if (out.parts.empty()) {
        refuse_without(run, look);
    }
    out.hosts_missing = campaign::hosts_without_part(shares);
    out.by_several = out.parts.size() + out.hosts_missing.size() > 1;
    return out;
}

std::uint64_t cache_bytes(const po::variables_map& given) {
    const auto text = given["cache-size"].as<std::string>();
    const auto out = profiles::parse_size_bytes(text);
    if (!out) {
        throw drivers::UsageError(fmt::format("--cache-size {}: wanted a size, like 64GiB", text));
    }
    return *out;
}

// Every part by itself: what one host wrote another's knows nothing of.
integrity::ReadBackResult
read_all_back(const Known& known,
              const std::function<std::unique_ptr<drivers::BlockDriver>()>& open,
              const integrity::ReadBackSettings& settings,
              drivers::Clock& clock) {
    integrity::ReadBackResult out;
    out.complete = true;
    for (const auto& part : known.parts) {
        const auto done = integrity::read_back(open(), *part, settings, clock);
        out.findings.merge(done.findings);
        out.counts.add(done.counts);
        out.bytes_read += done.bytes_read;
        out.bytes_failed += done.bytes_failed;
        for (const auto& [how, count] : done.failures) {
            out.failures[how] += count;
        }
        out.complete = out.complete && done.complete;
        out.after = done.after;
        out.end = done.end;
        out.end_reason = done.end_reason;
        if (done.end != drivers::DriverEnd::none && done.end != drivers::DriverEnd::lost) {
            break; // Whoever it is, it is not asked for the other parts.
        }
    }
    return out;
}

constexpr const char* nothing_checked =
    "of no sector read back is it known what it must hold: nothing was written, or the run ended "
    "before it could say what";

constexpr const char* nothing_read =
    "no read of what is known succeeded: nothing is said of what the LUN holds";

const char* why_nothing_checked(const integrity::ReadBackResult& done) {
    return done.bytes_failed > 0 ? nothing_read : nothing_checked;
}

std::string words_of(const integrity::ReadFailure& failure) {
    return measure::failure_words(failure.first, failure.second);
}

void print_text(const Known& known,
                const integrity::ReadBackResult& done,
                const std::vector<results::FindingRecord>& found) {
    for (const results::FindingRecord& finding : found) {
        say("{}: {}: {}\n", finding.severity, finding.kind, finding.summary);
    }
    say("{} read back after {}; {} sectors checked, {} with nothing known of them, {} bytes "
        "unreadable\n",
        profiles::size_text(done.bytes_read),
        done.after,
        done.counts.sectors_checked,
        done.counts.sectors_unchecked,
        done.bytes_failed);
    for (const auto& [how, count] : done.failures) {
        say("UNREADABLE: {} reads: {}\n", count, words_of(how));
    }
    if (!known.hosts_missing.empty()) {
        say("NOT CHECKED: what host {} wrote; its part is not in this run\n",
            fmt::join(known.hosts_missing, ", "));
    }
    if (!known.coverage.empty()) {
        say("this is of {}\n", known.coverage);
    }
    if (!known.growth.empty()) {
        say("GROWN: {}; of what was added nothing is known\n", known.growth);
    }
    if (!known.keeps_geometry) {
        say("whether the LUN's size or blocks have changed is not known: an earlier version wrote "
            "what it must hold\n");
    }
    if (done.counts.sectors_checked == 0) {
        say("NOTHING CHECKED: {}\n", why_nothing_checked(done));
    }
    const bool whole = done.complete && known.hosts_missing.empty();
    say("{}{} findings\n", whole ? "" : "INCOMPLETE: ", done.findings.accusations());
}

void print_json(const Known& known,
                const integrity::ReadBackResult& done,
                const std::vector<results::FindingRecord>& found) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const results::FindingRecord& finding : found) {
        list.push_back({{"kind", finding.kind},
                        {"severity", finding.severity},
                        {"summary", finding.summary},
                        {"details", finding.details},
                        {"cutout", finding.cutout}});
    }
    nlohmann::ordered_json failures = nlohmann::ordered_json::array();
    for (const auto& [how, count] : done.failures) {
        failures.push_back({{"reads", count}, {"end", words_of(how)}});
    }
    const nlohmann::ordered_json out = {{"$schema", "arraybench/verify-data/1"},
                                        {"complete", done.complete && known.hosts_missing.empty()},
                                        {"parts", known.parts.size()},
                                        {"hosts_missing", known.hosts_missing},
                                        {"covers", known.coverage},
                                        {"lun_has_grown", known.growth},
                                        {"geometry_known", known.keeps_geometry},
                                        {"after", done.after},
                                        {"bytes_read", done.bytes_read},
                                        {"bytes_failed", done.bytes_failed},
                                        {"read_failures", failures},
                                        {"sectors_checked", done.counts.sectors_checked},
                                        {"sectors_unchecked", done.counts.sectors_unchecked},
                                        {"finding_count", done.findings.accusations()},
                                        {"findings", list}};
    say("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

} // namespace

int verify_data_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.operand = "RUN URL";
    page.visible.add_options()("help,h",
                               "this page")("cache-size",
                                            po::value<std::string>()->default_value("0B"),
                                            "what the array can hold in its cache: more than that "
                                            "is read first, the working set itself "
                                            "if it is larger, else blocks beside it")(
        "after",
        po::value<std::string>()->default_value(""),
        "what happened to the array since it was written: power_cut (what was not flushed may then "
        "be gone), failover, or words for the record");
    add_format_option(page.visible);
    page.visible.add(driver_option_group());
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const std::vector<std::string> named = operands(*given);
    if (named.size() != 2) {
        throw drivers::UsageError("verify-data: wanted a run's folder and a URL");
    }
    const bool json = is_json_wanted(*given);
    const plan::Url url = plan::parse_url(named[1]);
    plan::DriverOptions options = driver_options(*given);
    drivers::MonotonicClock clock;
    const drivers::LunReport report = plan::probe_lun(url, options, clock);
    options.expected = drivers::mark_of(report.identity, report.geometry);
    const Known known = known_of(named[0], report);
    integrity::ReadBackSettings settings;
    settings.cache_bytes = cache_bytes(*given);
    settings.keeper = load::keeper_settings_for(report);
    settings.thin = report.thin;
    settings.preceded_by = (*given)["after"].as<std::string>();
    settings.only_known = known.by_several;
    if (settings.preceded_by == "power_cut") {
        for (const auto& part : known.parts) {
            part->apply_power_cut();
        }
    }
    const auto open = [&] {
        return plan::open_driver(url, options, clock);
    };
    const auto done = read_all_back(known, open, settings, clock);
    const auto found = integrity::records_of(done.findings, load::calendar_now(), named[1]);
    json ? print_json(known, done, found) : print_text(known, done, found);
    if (done.end != drivers::DriverEnd::lost) { // What failed without more is said already.
        drivers::throw_end(done.end, done.end_reason);
    }
    if (done.findings.accusations() > 0) {
        return judge::exit_failed;
    }
    if (done.bytes_failed > 0) {
        (void)open(); // Says so if something else answers there by now.
    }
    if (!done.complete || done.bytes_failed > 0) {
        return judge::exit_array;
    }
    if (!known.hosts_missing.empty()) {
        return judge::exit_incomplete;
    }
    return done.counts.sectors_checked == 0 ? judge::exit_no_answer : judge::exit_passed;
}

} // namespace bench::cli
