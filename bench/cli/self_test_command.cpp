// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/self_test_egress.h"
#include "bench/campaign/soak.h"
#include "bench/cli/command.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "drivers/api/errors.h"
#include "profiles/units.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::cli {

int self_test_command(const Arguments& arguments);

namespace {

namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench self-test [--live brief|full] [--egress brief|full|none] [--soak TIME] "
    "[--format "
    "text|json]\n\n"
    "Injects each known fault into an emulated array, one at a time and in virtual time, and "
    "holds\n"
    "what the bench finds against what it must find: all of it and nothing else. The honest "
    "array's\n"
    "rows must stay empty. What arrays send is held against the detectors in simulated time: "
    "every\n"
    "actor at several leak rates, from the rate on that each detector promises to see, and what "
    "is\n"
    "below it found or not found; and a week of what each shipped policy declares, with the "
    "number\n"
    "of false alarms to be expected. --egress full adds every encoding, rates and seeds, and "
    "takes\n"
    "a long while. --live adds whole campaigns over real sockets: \"brief\" what happens to data,\n"
    "over iSCSI, within a minute; \"full\" data and time over both transports, on a host with\n"
    "nothing else to do. --soak instead loads an emulated array for so long and watches whether\n"
    "memory grows. Exit 1 if anything is wrong.\n\n"
    "  arraybench self-test --live brief\n"
    "  arraybench self-test --egress full --format json\n"
    "  arraybench self-test --soak 1h\n\n";

int soak(const std::string& text) {
    const auto length = profiles::parse_duration(text);
    if (!length || *length < std::chrono::seconds(2)) {
        throw drivers::UsageError(
            fmt::format("--soak {}: wanted a time of 2s or more, like 1h", text));
    }
    const auto curves = campaign::run_soak(*length);
    say("{}", campaign::soak_text(curves));
    const bool grows =
        std::any_of(curves.begin(), curves.end(), [](const auto& curve) { return curve.grows(); });
    return grows ? 1 : 0;
}

void add(std::vector<campaign::SelfTestRow> more, std::vector<campaign::SelfTestRow>& rows) {
    for (auto& row : more) {
        rows.push_back(std::move(row));
    }
}

campaign::EgressProof egress_proof(const po::variables_map& given) {
    const auto form = given["egress"].as<std::string>();
    if (form == "none") {
        return {};
    }
    if (form != "brief" && form != "full") {
        throw drivers::UsageError(fmt::format("--egress {}: wanted brief, full or none", form));
    }
    return campaign::prove_egress(form == "brief" ? campaign::MatrixForm::brief
                                                  : campaign::MatrixForm::full);
}

} // namespace

int self_test_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.visible.add_options()("help,h", "this page")(
        "live", po::value<std::string>(), "through real sockets, too: brief or full")(
        "egress",
        po::value<std::string>()->default_value("brief"),
        "detection by leak rate and weeks without alarm: brief, full or none")(
        "soak", po::value<std::string>(), "only this: how long");
    add_format_option(page.visible);
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    if (!operands(*given).empty()) {
        throw drivers::UsageError(
            fmt::format("self-test: \"{}\": wanted options only", operands(*given).front()));
    }
    const bool json = is_json_wanted(*given);
    if (given->count("soak") > 0) {
        return soak((*given)["soak"].as<std::string>());
    }
    auto rows = campaign::run_self_test();
    add(campaign::self_test_egress(), rows);
    const auto proof = egress_proof(*given);
    add(campaign::egress_rows(proof), rows);
    if (given->count("live") > 0) {
        const auto form = (*given)["live"].as<std::string>();
        if (form != "brief" && form != "full") {
            throw drivers::UsageError(fmt::format("--live {}: wanted brief or full", form));
        }
        add(campaign::self_test_live(form == "brief" ? campaign::LiveForm::brief
                                                     : campaign::LiveForm::full),
            rows);
    }
    if (json) {
        say("{}", campaign::self_test_json(rows, proof));
    } else {
        say("{}{}",
            proof.quiet.empty() ? std::string() : campaign::egress_proof_text(proof),
            campaign::self_test_text(rows));
    }
    return campaign::is_right(rows) ? 0 : 1;
}

} // namespace bench::cli
