// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/option_page.h"
#include "bench/cli/outputs.h"
#include "bench/cli/say.h"
#include "bench/exchange/foreign_run.h"
#include "drivers/api/errors.h"
#include "results/plain_name.h"
#include "results/run_record_file.h"

#include <filesystem>
#include <fmt/format.h>

namespace bench::cli {

int import_command(const Arguments& arguments);

namespace {

namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench import FILE [--out DIR] [--array NAME] [OPTION]...\n\n"
    "Makes a run of what another tool has measured: fio's json, json+ or terse output, vdbench's\n"
    "flatfile.html, elbencho's CSV. A file that is cut is refused; what it does not prove is "
    "marked\n"
    "invalid. compare puts it beside other runs, report prints it; both say what is lost:\n"
    "no other tool counts latency from the instant an access was due.\n\n"
    "  fio --output-format=json+ --output=old.json ... ; arraybench import old.json --out old\n"
    "  arraybench compare old results/runs/new\n\n"
    "Loads are compared by their names: of a file with several give those of the other run.\n\n"
    "  arraybench import flatfile.html --point rd1=5000/s --workload rd1=mixed --out old\n\n";

std::vector<exchange::Renaming> renamings(const po::variables_map& given, const char* option) {
    std::vector<exchange::Renaming> out;
    for (const std::string& text : given[option].as<std::vector<std::string>>()) {
        const std::size_t equals = text.find('=');
        const bool names_old = equals != std::string::npos;
        out.push_back(
            {names_old ? text.substr(0, equals) : "", names_old ? text.substr(equals + 1) : text});
        if (out.back().to.empty()) {
            throw drivers::UsageError(fmt::format("import: --{} {}: wanted a name", option, text));
        }
    }
    return out;
}

OptionPage described() {
    OptionPage page;
    page.introduction = introduction;
    page.operand = "FILE";
    auto add = page.visible.add_options();
    add("help,h", "this page");
    add("out",
        po::value<std::string>()->default_value(""),
        "new folder (default: FILE without its ending, and -run)");
    add("array", po::value<std::string>()->default_value("imported"), "what the LUN is called");
    add("workload",
        po::value<std::vector<std::string>>()->default_value({}, ""),
        "what its load is called beside other runs; of several OLD=NEW, again for each");
    add("point",
        po::value<std::vector<std::string>>()->default_value({}, ""),
        "what its load point is called; of several OLD=POINT, with the workload's name in FILE");
    add("tool", po::value<std::string>()->default_value("auto"), "auto, fio, vdbench or elbencho");
    add_format_option(page.visible);
    return page;
}

exchange::ImportAsk ask_of(const po::variables_map& given) {
    exchange::ImportAsk out;
    out.array = given["array"].as<std::string>();
    if (!results::is_plain_name(out.array)) {
        throw drivers::UsageError(
            fmt::format("import: --array: wanted {}", results::plain_name_wanted));
    }
    const std::string tool = given["tool"].as<std::string>();
    out.tool = tool == "fio"        ? exchange::Tool::fio
               : tool == "vdbench"  ? exchange::Tool::vdbench
               : tool == "elbencho" ? exchange::Tool::elbencho
                                    : exchange::Tool::automatic;
    if (out.tool == exchange::Tool::automatic && tool != "auto") {
        throw drivers::UsageError(
            fmt::format("import: --tool {}: wanted auto, fio, vdbench or elbencho", tool));
    }
    return out;
}

} // namespace

int import_command(const Arguments& arguments) {
    const OptionPage page = described();
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const std::string file = only_operand(*given, page);
    std::string out = (*given)["out"].as<std::string>();
    if (out.empty()) {
        out = std::filesystem::path(file).replace_extension().string() + "-run";
    }
    const bool json = is_json_wanted(*given);
    const exchange::ImportAsk ask = ask_of(*given);
    check_new_folder("out", out);
    results::RunRecord run = exchange::import_run(file, ask);
    exchange::rename_loads(renamings(*given, "point"), renamings(*given, "workload"), run);
    exchange::write_run(out, run);
    if (json) {
        say("{}", results::result_text(run));
        return 0;
    }
    say("{}: {} {} by {}\n",
        out,
        run.rounds.size(),
        run.rounds.size() == 1 ? "round" : "rounds",
        run.host["tool"]);
    for (const results::RoundRecord& round : run.rounds) {
        for (const std::string& why : round.audit.invalid) {
            say("INVALID {}: {}\n", round.workload, why);
        }
    }
    for (const std::string& lost : run.not_seen) {
        say("lost: {}\n", lost);
    }
    return 0;
}

} // namespace bench::cli
