// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/option_page.h"

#include "bench/cli/say.h"
#include "drivers/api/errors.h"

#include <fmt/format.h>
#include <set>
#include <sstream>
#include <typeindex>

namespace bench::cli {

namespace po = boost::program_options;

namespace {

constexpr const char* operand_key = "operand";

bool is_unsigned(const po::option_description& option) {
    static const std::set<std::type_index> kinds{typeid(unsigned short),
                                                 typeid(unsigned),
                                                 typeid(unsigned long),
                                                 typeid(unsigned long long)};
    const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
    return typed != nullptr && kinds.count(typed->value_type()) == 1;
}

void want_no_negatives(const po::parsed_options& parsed) {
    for (const po::option& one : parsed.options) {
        const po::option_description* known =
            one.string_key.empty() ? nullptr
                                   : parsed.description->find_nothrow(one.string_key, true);
        if (known == nullptr || !is_unsigned(*known)) {
            continue;
        }
        for (const std::string& value : one.value) {
            if (value.find('-') != std::string::npos) {
                throw drivers::UsageError(fmt::format(
                    "--{}: \"{}\": wanted a whole number from 0 on", known->long_name(), value));
            }
        }
    }
}

} // namespace

po::variables_map stored_options(const Arguments& arguments,
                                 const po::options_description& all,
                                 const po::positional_options_description& places) {
    const po::parsed_options parsed =
        po::command_line_parser(arguments).options(all).positional(places).run();
    want_no_negatives(parsed);
    po::variables_map out;
    po::store(parsed, out);
    return out;
}

std::optional<po::variables_map> read_options(const Arguments& arguments, const OptionPage& page) {
    po::options_description all;
    all.add(page.visible).add_options()(operand_key, po::value<std::vector<std::string>>());
    po::positional_options_description places;
    places.add(operand_key, -1);
    po::variables_map given = stored_options(arguments, all, places);
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
