// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/option_page.h"

#include "bench/cli/say.h"
#include "drivers/api/errors.h"

#include <fmt/format.h>
#include <sstream>

namespace bench::cli {

namespace po = boost::program_options;

namespace {

constexpr const char* operand_key = "operand";

} // namespace

std::optional<po::variables_map> read_options(const Arguments& arguments, const OptionPage& page) {
    po::options_description all;
    all.add(page.visible).add_options()(operand_key, po::value<std::vector<std::string>>());
    po::positional_options_description places;
    places.add(operand_key, -1);
    po::variables_map given;
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), given);
    if (given.count("help") > 0) {
        std::ostringstream options;
        options << page.visible;
        say("{}{}", page.introduction, options.str());
        return std::nullopt;
    }
    po::notify(given);
    return given;
}

std::vector<std::string> operands(const po::variables_map& given) {
    return given.count(operand_key) == 0 ? std::vector<std::string>{}
                                         : given[operand_key].as<std::vector<std::string>>();
}

std::string only_operand(const po::variables_map& given, const OptionPage& page) {
    const auto all = operands(given);
    if (all.size() != 1) {
        throw drivers::UsageError(fmt::format(
            "wanted one {}, got {}; --help shows an example", page.operand, all.size()));
    }
    return all[0];
}

void add_format_option(po::options_description& visible) {
    visible.add_options()(
        "format", po::value<std::string>()->default_value("text"), "text or json");
}

bool is_json_wanted(const po::variables_map& given) {
    const auto format = given["format"].as<std::string>();
    if (format != "json" && format != "text") {
        throw drivers::UsageError(fmt::format(R"(--format "{}": wanted "text" or "json")", format));
    }
    return format == "json";
}

} // namespace bench::cli
