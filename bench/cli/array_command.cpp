// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "bench/plan/actor_assembly.h"
#include "bench/plan/array_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/array/array_server.h"
#include "drivers/confine/computing_only.h"
#include "profiles/array_file.h"
#include "results/whole_file.h"

#include <boost/program_options.hpp>

#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <sstream>

namespace bench::cli {

int array_command(const Arguments& arguments);

namespace {

namespace options = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench array FILE [OPTION]...\n\n"
    "Serves the emulated array that FILE describes until SIGINT, SIGTERM or SIGHUP, then prints "
    "what it "
    "did.\n\n"
    "  arraybench array profiles/arrays/plain.json --listen 127.0.0.1:3260\n\n";

options::options_description described() {
    options::options_description out("Options");
    out.add_options()("help,h", "show this")(
        "listen",
        options::value<std::string>()->default_value(""),
        "host:port for the portals instead of those of the file; with several portals each further "
        "one takes the next port, and port 0 takes any free one")(
        "control-fd",
        options::value<int>()->default_value(-1),
        "descriptor of a socket pair on which events come and counts go as JSON lines")(
        "data-address",
        options::value<std::vector<std::string>>()->default_value({}, ""),
        "in a laboratory: address of the data port, once for each controller; iSCSI listens at "
        "3260, NVMe/TCP at 4420")(
        "speak-by",
        options::value<std::vector<std::string>>()->default_value({}, ""),
        "in a laboratory: interface of the management port, and again for the data port; the "
        "file's egress actors talk by them and are silent without. They do what a leaking array "
        "does: never outside a laboratory")("file", options::value<std::string>(), "array file");
    return out;
}

void print_counts(const drivers::array::EmulatorCounts& counts) {
    const auto us = [](drivers::Duration span) {
        return std::chrono::duration<double, std::micro>(span).count();
    };
    tell("commands {}, read {} B, written {} B, service p50 {:.1f} us, lateness p99 {:.1f} us, "
         "mapped {} B\n",
         counts.array.commands,
         counts.array.bytes_read,
         counts.array.bytes_written,
         us(counts.service_p50),
         us(counts.array.lateness_p99),
         counts.mapped_bytes);
}

// All that comes from here on is an initiator's bytes. An array whose actors talk makes sockets as
// it goes; any other needs nothing but what is open by now.
void confine_server(const drivers::array::ServerSettings& settings) {
    if (!settings.speak_by.empty()) {
        return;
    }
    (void)results::sha256_hex(""); // OpenSSL reads its own files at its first use: now.
    drivers::confine::keep_only({});
#if !defined(                                                                                      \
    __SANITIZE_ADDRESS__) // Its search for leaks, at the end, starts a tracer and reads /proc.
    (void)drivers::confine::confine(drivers::confine::Confinement::serving);
#endif
}

} // namespace

int array_command(const Arguments& arguments) {
    const options::options_description known = described();
    options::positional_options_description places;
    places.add("file", 1);
    const options::variables_map given = stored_options(arguments, known, places);
    if (given.count("help") != 0) {
        std::ostringstream text;
        text << introduction << known;
        say("{}", text.str());
        return 0;
    }
    if (given.count("file") == 0) {
        throw drivers::UsageError("array: wanted the array file; see arraybench array --help");
    }
    const profiles::ArrayDescription array = profiles::read_array(given["file"].as<std::string>());
    drivers::array::ServerSettings settings;
    settings.array = plan::array_settings(array);
    settings.portals = plan::portal_settings(array);
    settings.listen = given["listen"].as<std::string>();
    settings.data_addresses = given["data-address"].as<std::vector<std::string>>();
    settings.speak_by = given["speak-by"].as<std::vector<std::string>>();
    settings.actors = plan::actor_settings(array);
    if (!settings.speak_by.empty() && settings.speak_by.size() != 2) {
        throw drivers::UsageError("--speak-by: wanted twice: management port, then data port");
    }
    settings.control_fd = given["control-fd"].as<int>();
    std::signal(SIGPIPE, SIG_IGN);
    drivers::MonotonicClock clock;
    drivers::array::ArrayServer server(settings, clock);
    if (settings.control_fd < 0) {
        for (const auto& portal : server.ready().portals) {
            say("{}\n", drivers::array::portal_url(portal, 0));
        }
        if (const std::string lost = results::text::output_failure(); !lost.empty()) {
            throw drivers::HostError(lost); // Nobody would know where it listens.
        }
    }
    confine_server(settings);
    server.run();
    if (settings.control_fd < 0) {
        print_counts(server.counts());
    }
    return 0;
}

} // namespace bench::cli
