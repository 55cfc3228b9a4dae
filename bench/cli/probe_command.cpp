// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"
#include "bench/cli/driver_options.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "bench/plan/lun_report_file.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "profiles/units.h"
#include "results/text/escape.h"

#include <boost/program_options.hpp>

#include <fmt/format.h>
#include <sstream>

namespace bench::cli {

int probe_command(const Arguments& arguments);

namespace po = boost::program_options;
using results::text::clean_text; // What an array says of itself ends no line.

namespace {

constexpr const char* usage =
    "usage: arraybench probe [OPTION]... URL\n\n"
    "Says who is there: identity, geometry, limits, paths, transport parameters. Writes nothing.\n"
    "A portal without a target lists its targets, an iSCSI target without a LUN its LUNs.\n"
    "Of several portals, those where nobody answers are named beside the others.\n\n"
    "  arraybench probe iscsi://10.0.0.5/iqn.2006-08.com.example:a/1 --format json\n"
    "  arraybench probe nvme+tcp://10.0.0.5:8009\n\n";

void print_pairs(const char* title, const std::vector<std::pair<std::string, std::string>>& pairs) {
    if (pairs.empty()) {
        return;
    }
    say("{}\n", title);
    for (const auto& [name, value] : pairs) {
        say("  {:<30} {}\n", clean_text(name), clean_text(value));
    }
}

const char* yes_no(bool value) {
    return value ? "yes" : "no";
}

void print_text(const drivers::LunReport& report) {
    const drivers::Identity& who = report.identity;
    const drivers::Geometry& size = report.geometry;
    const auto bytes = size.block_count * size.block_bytes;
    std::vector<std::pair<std::string, std::string>> lun = {
        {"vendor", who.vendor},
        {"product", who.product},
        {"revision", who.revision},
        {"serial", who.serial},
        {"unique id", who.unique_id},
        {"size",
         fmt::format("{} ({} blocks of {} bytes)",
                     profiles::size_text(bytes),
                     size.block_count,
                     size.block_bytes)},
        {"largest transfer",
         size.transfer_bytes_max == 0 ? "not stated"
                                      : profiles::size_text(size.transfer_bytes_max)},
        {"thin", yes_no(report.thin)},
        {"volatile write cache", yes_no(report.write_cache)},
        {"write protected", yes_no(report.write_protected)},
        {"reserved by key", report.reserved_by.empty() ? "nobody" : report.reserved_by},
        {"in use on this host", report.in_use.empty() ? "no" : report.in_use}};
    if (const std::string words = drivers::serial_words(report); !words.empty()) {
        lun.emplace_back("known by", words);
    }
    say("{}\n", report.url);
    print_pairs("LUN", lun);
    for (const drivers::PathReport& path : report.paths) {
        if (!path.problem.empty()) {
            say("path {:<28} UNREACHABLE: {}\n", path.portal, clean_text(path.problem));
            continue;
        }
        say("path {:<28} {}, group {}{}\n",
            path.portal,
            path.state,
            path.group,
            path.preferred ? ", preferred" : "");
    }
    print_pairs("limits", report.limits);
    print_pairs("negotiated", report.negotiated);
}

void print_targets(const std::vector<plan::FoundTarget>& found, bool json) {
    if (json) {
        say("{}\n", plan::found_targets_json(found));
        return;
    }
    for (const plan::FoundTarget& target : found) {
        if (target.problem.empty()) {
            const char* const between = target.detail.empty() ? "" : "  ";
            say("{} {}{}{}\n",
                clean_text(target.target),
                clean_text(target.portal),
                between,
                clean_text(target.detail));
        } else {
            say("portal {} UNREACHABLE: {}\n",
                clean_text(target.portal),
                clean_text(target.problem));
        }
    }
}

void print_luns(const plan::FoundLuns& found) {
    for (const plan::FoundLun& lun : found.luns) {
        const drivers::Identity& who = lun.identity;
        const std::uint64_t bytes = lun.geometry.block_count * lun.geometry.block_bytes;
        say("LUN {}{}{}{}{}{}{}\n",
            lun.name,
            lun.type.empty() ? "" : fmt::format(": {}", lun.type),
            who.vendor.empty() ? "" : clean_text(fmt::format(", {} {}", who.vendor, who.product)),
            who.serial.empty() ? "" : clean_text(", serial " + who.serial),
            who.unique_id.empty() ? "" : clean_text(", unique id " + who.unique_id),
            bytes == 0 ? ""
                       : fmt::format(", {} of {} byte blocks",
                                     profiles::size_text(bytes),
                                     lun.geometry.block_bytes),
            lun.note.empty() ? "" : clean_text(" (" + lun.note + ")"));
    }
    if (!found.note.empty()) {
        say("{}\n", found.note);
    }
}

bool wants_json(const po::variables_map& given) {
    const auto format = given["format"].as<std::string>();
    if (format != "json" && format != "text") {
        throw drivers::UsageError(fmt::format("--format {}: wanted text or json", format));
    }
    return format == "json";
}

} // namespace

int probe_command(const Arguments& arguments) {
    po::options_description visible("Options");
    visible.add_options()("help", "this page")(
        "format", po::value<std::string>()->default_value("text"), "text or json");
    visible.add(driver_option_group());
    po::options_description all;
    all.add(visible).add_options()("url", po::value<std::vector<std::string>>());
    po::positional_options_description places;
    places.add("url", -1);
    po::variables_map given = stored_options(arguments, all, places);
    if (given.count("help") > 0) {
        std::ostringstream options;
        options << visible;
        say("{}{}", usage, options.str());
        return 0;
    }
    if (given.count("url") == 0 || given["url"].as<std::vector<std::string>>().size() != 1) {
        throw drivers::UsageError(
            "probe: wanted one URL; arraybench probe --help shows an example");
    }
    const plan::Url url = plan::parse_url(given["url"].as<std::vector<std::string>>()[0]);
    plan::DriverOptions options = driver_options(given);
    options.paths = plan::PathsWanted::any;
    const bool json = wants_json(given);
    drivers::MonotonicClock clock;
    const bool has_portals =
        url.kind == plan::UrlKind::iscsi || url.kind == plan::UrlKind::nvme_tcp;
    if (url.kind == plan::UrlKind::iscsi && url.lists_units) {
        const plan::FoundLuns found = plan::find_luns(url, options, clock);
        if (json) {
            say("{}\n", plan::found_luns_json(url, found));
        } else {
            print_luns(found);
        }
        return 0;
    }
    if (has_portals && !url.names_unit()) {
        print_targets(plan::find_targets(url, options, clock), json);
        return 0;
    }
    const drivers::LunReport report = plan::probe_lun(url, options, clock);
    if (json) {
        say("{}\n", plan::lun_report_json(report));
    } else {
        print_text(report);
    }
    return 0;
}

} // namespace bench::cli
