// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"
#include "bench/cli/driver_options.h"
#include "bench/cli/option_page.h"
#include "bench/integrity/read_back.h"
#include "bench/load/lane_keepers.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "profiles/units.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace bench::cli {

int verify_data_command(const Arguments& arguments);

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench verify-data [OPTION]... RUN URL\n\n"
    "Reads a LUN back and holds every block against what a run says it must hold. RUN is the "
    "run's\n"
    "folder, one of its expectation-*.bin, or what load --expectation left. Writes nothing. Exit 1 "
    "if a block is wrong.\n\n"
    "  arraybench verify-data results/runs/20260101T120000Z-demo-1a2b \\\n"
    "      iscsi://10.0.0.5/iqn.2006-08.com.example:a/1 --cache-size 512GiB\n\n";

std::vector<std::string> candidates(const std::string& run) {
    if (!fs::is_directory(run)) {
        return {run};
    }
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(run)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("expectation-") && name.ends_with(".bin")) {
            out.push_back(entry.path().string());
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

// The run's expectation of this very LUN.
std::unique_ptr<integrity::Expectation> expectation_of(const std::string& run,
                                                       const std::string& lun) {
    std::string others;
    for (const std::string& path : candidates(run)) {
        auto out = integrity::Expectation::load(path);
        if (out->settings().lun == lun) {
            return out;
        }
        others += (others.empty() ? "" : ", ") + out->settings().lun;
    }
    throw drivers::UsageError(
        fmt::format("{}: no expectation of LUN {} in it; {}",
                    run,
                    lun,
                    others.empty() ? "it was run without verification" : "there is " + others));
}

std::uint64_t cache_bytes(const po::variables_map& given) {
    const auto text = given["cache-size"].as<std::string>();
    const auto out = profiles::parse_size_bytes(text);
    if (!out) {
        throw drivers::UsageError(fmt::format("--cache-size {}: wanted a size, like 64GiB", text));
    }
    return *out;
}

void print_text(const integrity::ReadBackResult& done,
                const std::vector<results::FindingRecord>& found) {
    for (const results::FindingRecord& finding : found) {
        fmt::print("{}: {}: {}\n", finding.severity, finding.kind, finding.summary);
    }
    fmt::print("{} read back after {}; {} sectors checked, {} with nothing known of them, {} bytes "
               "unreadable\n",
               profiles::size_text(done.bytes_read),
               done.after,
               done.counts.sectors_checked,
               done.counts.sectors_unchecked,
               done.bytes_failed);
    fmt::print("{}{} findings\n", done.complete ? "" : "INCOMPLETE: ", done.findings.accusations());
}

void print_json(const integrity::ReadBackResult& done,
                const std::vector<results::FindingRecord>& found) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const results::FindingRecord& finding : found) {
        list.push_back({{"kind", finding.kind},
                        {"severity", finding.severity},
                        {"summary", finding.summary},
                        {"details", finding.details},
                        {"cutout", finding.cutout}});
    }
    const nlohmann::ordered_json out = {{"$schema", "arraybench/verify-data/1"},
                                        {"complete", done.complete},
                                        {"after", done.after},
                                        {"bytes_read", done.bytes_read},
                                        {"bytes_failed", done.bytes_failed},
                                        {"sectors_checked", done.counts.sectors_checked},
                                        {"sectors_unchecked", done.counts.sectors_unchecked},
                                        {"finding_count", done.findings.accusations()},
                                        {"findings", list}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
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
    const plan::DriverOptions options = driver_options(*given);
    drivers::MonotonicClock clock;
    const drivers::LunReport report = plan::probe_lun(url, options, clock);
    const auto expectation = expectation_of(named[0], report.identity.unique_id);
    integrity::ReadBackSettings settings;
    settings.cache_bytes = cache_bytes(*given);
    settings.keeper = load::keeper_settings_for(report);
    settings.thin = report.thin;
    settings.preceded_by = (*given)["after"].as<std::string>();
    if (settings.preceded_by == "power_cut") {
        expectation->apply_power_cut();
    }
    const auto done =
        integrity::read_back(plan::open_driver(url, options, clock), *expectation, settings, clock);
    const auto found = integrity::records_of(done.findings, load::calendar_now(), named[1]);
    json ? print_json(done, found) : print_text(done, found);
    return done.findings.accusations() > 0 ? 1 : done.complete && done.bytes_failed == 0 ? 0 : 3;
}

} // namespace bench::cli
