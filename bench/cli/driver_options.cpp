// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/driver_options.h"

#include "drivers/api/errors.h"
#include "profiles/units.h"

#include <fmt/format.h>

namespace bench::cli {

namespace po = boost::program_options;

po::options_description driver_option_group() {
    const plan::DriverOptions usual;
    po::options_description group("Reaching the LUN");
    const auto text = [](const std::string& usually) {
        return po::value<std::string>()->default_value(usually);
    };
    group.add_options()(
        "initiator-name", text(usual.initiator_name), "iSCSI name of this initiator")(
        "chap-user", text(""), "CHAP user; usually the URL's")(
        "chap-secret-file",
        text(""),
        "file with the CHAP secret; otherwise ARRAYBENCH_CHAP_SECRET")(
        "mutual-user", text(""), "name the array must prove itself by (mutual CHAP)")(
        "mutual-secret-file",
        text(""),
        "file with the array's secret; otherwise ARRAYBENCH_MUTUAL_CHAP_SECRET")(
        "header-digest", "demand CRC32C over iSCSI headers")(
        "login-timeout", text("10s"), "for connecting and logging in")(
        "command-timeout", text("30s"), "then a command is aborted")(
        "reconnect-timeout", text("60s"), "then a lost session is given up");
    return group;
}

namespace {

drivers::Duration duration(const po::variables_map& given, const char* name) {
    const auto text = given[name].as<std::string>();
    const auto value = profiles::parse_duration(text);
    if (!value || *value <= drivers::Duration{0}) {
        throw drivers::UsageError(
            fmt::format("--{} \"{}\": wanted a time with its unit, for example 10s", name, text));
    }
    return *value;
}

} // namespace

plan::DriverOptions driver_options(const po::variables_map& given) {
    const auto text = [&](const char* name) {
        return given[name].as<std::string>();
    };
    plan::DriverOptions out;
    out.initiator_name = text("initiator-name");
    if (out.initiator_name.empty() || out.initiator_name.size() > 223) {
        throw drivers::UsageError("--initiator-name: wanted an iSCSI name of 1 to 223 bytes");
    }
    out.chap_user = text("chap-user");
    out.chap_secret.file = text("chap-secret-file");
    out.mutual_user = text("mutual-user");
    out.mutual_secret.file = text("mutual-secret-file");
    out.header_digest = given.count("header-digest") > 0;
    out.login_timeout = duration(given, "login-timeout");
    out.command_timeout = duration(given, "command-timeout");
    out.reconnect_timeout = duration(given, "reconnect-timeout");
    return out;
}

} // namespace bench::cli
